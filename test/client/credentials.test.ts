/**
 * The default credential chain: each source against a small real server or file, in its order, and renewed in time. What
 * the sources are sent is held against what the official provider sends.
 */
import { writeFileSync } from "node:fs";
import { Agent as TlsAgent } from "node:https";
import { join } from "node:path";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import {
  MarketplaceMeteringClient,
  type AwsCredentials,
  type ClientConfiguration,
  type TransportAnswer,
  type TransportRequest,
} from "@countinghouse/client";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CREDENTIALS, clientOf, quickWorld } from "../support/client.ts";
import { listen, type HeardRequest, type Listener, type Script } from "../support/listener.ts";
import { withoutSettings } from "../support/no-settings.ts";

let folder: string;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeEach(() => {
  folder = withoutSettings();
  vi.stubEnv("AWS_REGION", "us-east-1");
  return () => vi.unstubAllEnvs();
});

/** Who signs: the access key id, and the session token. Or the error. */
async function signer(configuration: ClientConfiguration = {}): Promise<string> {
  const heard: string[] = [];
  const service = await listen(({ headers }) => {
    heard.push(
      `${/Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1]} ${String(headers["x-amz-security-token"] ?? "-")}`,
    );
    return { body: { ProductCode: "p" } };
  });
  const client = new MarketplaceMeteringClient({ endpoint: service.url, world: quickWorld().world, ...configuration });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  await client.close();
  return outcome.ok ? (heard[0] ?? "nobody") : `${outcome.error.name}: ${outcome.error.message}`;
}

const soon = (): string => new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
const container: Script = () => ({
  body: { RoleArn: "arn", AccessKeyId: "AKIACONTAINER", SecretAccessKey: "s", Token: "container", Expiration: soon() },
});
const instance: Script = ({ method, url, headers }) => {
  if (method === "PUT" && url === "/latest/api/token") return { body: "imds-token" };
  if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return { status: 401, body: "" };
  if (url === "/latest/meta-data/iam/security-credentials/") return { body: "role-name\n" };
  if (url === "/latest/meta-data/placement/region") return { body: "ap-south-1" };
  if (url !== "/latest/meta-data/iam/security-credentials/role-name") return { status: 404, body: "" };
  return {
    body: {
      Code: "Success",
      Type: "AWS-HMAC",
      AccessKeyId: "AKIAINSTANCE",
      SecretAccessKey: "s",
      Token: "instance",
      Expiration: soon(),
    },
  };
};
const sts: Script = () => ({
  headers: { "content-type": "text/xml" },
  body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKIAWEB</AccessKeyId><SecretAccessKey>s&amp;t</SecretAccessKey><SessionToken>web</SessionToken><Expiration>${soon()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>`,
});

describe("credentials come from", () => {
  test("the environment", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    expect(await signer()).toBe("AKIAENV -");
    file("credentials", "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\naws_session_token = work\n");
    expect(await signer({ profile: "work" }), "a profile by name goes before it").toBe("AKIAWORK work");
    vi.stubEnv("AWS_PROFILE", "work");
    expect(await signer()).toBe("AKIAWORK work");
  });

  test("the profile, in either file; the credentials file wins", async () => {
    file("config", "[default]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s # a comment\n");
    expect(await signer()).toBe("AKIACONFIG -");
    file("credentials", "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n");
    expect(await signer()).toBe("AKIAFILE -");
  });

  test("a web identity, of the environment and of the profile", async () => {
    const service = await listen(sts);
    vi.stubEnv("AWS_ENDPOINT_URL_STS", service.url);
    const tokenFile = file("token", "a.web.token\n");
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", tokenFile);
    vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::1:role/app");
    vi.stubEnv("AWS_ROLE_SESSION_NAME", "pod");
    expect(await signer()).toBe("AKIAWEB web");
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", undefined);
    file(
      "config",
      `[default]\nrole_arn = arn:aws:iam::1:role/app\nrole_session_name = pod\nweb_identity_token_file = ${tokenFile}\n`,
    );
    expect(await signer()).toBe("AKIAWEB web");
    const forms = service.heard.map(({ text }) => Object.fromEntries(new URLSearchParams(text)));
    expect(forms[0]).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::1:role/app",
      RoleSessionName: "pod",
      WebIdentityToken: "a.web.token",
    });
    expect(forms[1]).toEqual(forms[0]);
  });

  test("the container, with the token of a file before that of the environment", async () => {
    const service = await listen(container);
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${service.url}/workload/credentials/7?a=b`);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the environment");
    expect(await signer()).toBe("AKIACONTAINER container");
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("token", "of the file\n"));
    expect(await signer()).toBe("AKIACONTAINER container");
    expect(service.heard.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/workload/credentials/7?a=b", "of the environment"],
      ["/workload/credentials/7?a=b", "of the file"],
    ]);
  });

  test("the instance, by version 2 of its metadata; and so does the region", async () => {
    const service = await listen(instance);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url);
    expect(await signer()).toBe("AKIAINSTANCE instance");
    expect(service.heard[0]?.headers["x-aws-ec2-metadata-token-ttl-seconds"]).toBe("21600");
    vi.stubEnv("AWS_REGION", undefined);
    const places: string[] = [];
    const transport = {
      send: async ({ url, ...request }: Parameters<NonNullable<ClientConfiguration["transport"]>["send"]>[0]) => {
        places.push(url.href);
        if (url.protocol === "https:") return { status: 200, header: () => undefined, text: "{}" };
        const headers = Object.fromEntries(
          request.headers.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? ""]] : [])),
        );
        const response = await fetch(url, { method: request.method, headers });
        return { status: response.status, header: () => undefined, text: await response.text() };
      },
      close: () => undefined,
    };
    await new MarketplaceMeteringClient({ transport, credentials: CREDENTIALS }).resolveCustomer({
      registrationToken: "x",
    });
    expect(places.at(-1)).toBe("https://metering.marketplace.ap-south-1.amazonaws.com/");
  });
});

test("a region that the instance did not tell at once is asked for again by the next call", async () => {
  const metadata = await listen((request, index, socket) =>
    index === 0 ? { status: 500 } : instance(request, index, socket),
  );
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
  vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url);
  // As in a service of systemd, where no variable says where home is.
  for (const name of ["AWS_REGION", "HOME", "USERPROFILE"]) vi.stubEnv(name, undefined);
  const service = await listen(() => ({ body: { ProductCode: "p" } }));
  const client = new MarketplaceMeteringClient({ endpoint: service.url, credentials: CREDENTIALS });
  onTestFinished(() => client.close());
  const resolve = () => client.resolveCustomerOutcome({ registrationToken: "x" });
  expect(await resolve()).toMatchObject({ error: { name: "ConfigurationError" } });
  expect(await resolve()).toMatchObject({ ok: true });
  expect(service.heard[0]?.headers.authorization).toContain("/ap-south-1/");
  const asked = metadata.heard.length;
  expect(await resolve()).toMatchObject({ ok: true });
  expect(metadata.heard, "once it is known it is kept").toHaveLength(asked);
});

/** Where the token of a web identity is sent first; or why nowhere. */
async function stsPlace(configuration: ClientConfiguration = {}): Promise<string> {
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "a.web.token"));
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::1:role/app");
  const places: string[] = [];
  const send = ({ url, body }: TransportRequest): Promise<TransportAnswer> => {
    places.push(url.href);
    expect(body).toContain("a.web.token");
    return Promise.resolve({ status: 400, header: () => undefined, text: "" });
  };
  const client = new MarketplaceMeteringClient({ transport: { send, close: () => undefined }, ...configuration });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  return places[0] ?? outcome.error?.message ?? "";
}

describe("a web identity's token is sent where metering would be sent:", () => {
  const OFFICIAL = "https://sts.us-east-1.amazonaws.com/";

  test("not to endpoints that are to be ignored", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://all.test:1");
    expect(await stsPlace()).toBe("http://all.test:1/");
    expect(await stsPlace({ ignoreConfiguredEndpointUrls: true })).toBe(OFFICIAL);
    vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    expect(await stsPlace()).toBe(OFFICIAL);
    expect(await stsPlace({ ignoreConfiguredEndpointUrls: false }), "what the client is told wins").toBe(
      "http://all.test:1/",
    );
    vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", undefined);
    file("config", "[default]\nignore_configured_endpoint_urls = true\n");
    expect(await stsPlace()).toBe(OFFICIAL);
  });

  test("by https where there is no scheme, and not at all where there is no URL", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "sts.test:4");
    expect(await stsPlace()).toBe("https://sts.test:4/");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "sts test");
    expect(await stsPlace()).toBe('The endpoint "https://sts test" is not a URL.');
  });
});

describe("without credentials that work, the error says where was looked, and why:", () => {
  test("none anywhere", async () => {
    expect(await signer()).toMatch(
      /^CredentialsError: No credentials were found\. Looked in: the environment .*; the profile "default"; web identity/,
    );
  });

  const failures: readonly (readonly [string, () => Promise<void>, RegExp])[] = [
    ["no token file", async () => void (vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"), vi.stubEnv("AWS_ROLE_ARN", "arn")), /There is no web identity token file \/nowhere\/token/],
    ["refused by STS", async () => {
      const service = await listen(() => ({ status: 400, body: "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>Not &lt;good&gt;</Message></Error></ErrorResponse>" }));
      vi.stubEnv("AWS_ENDPOINT_URL_STS", service.url);
      vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "t"));
      vi.stubEnv("AWS_ROLE_ARN", "arn");
    }, /was refused: InvalidIdentityToken, Not <good>/],
    ["a container endpoint that is not to be trusted with a token", async () => void vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x"), /must be https, a loopback address/],
    ["a container endpoint that answers otherwise", async () => void vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (await listen(() => ({ body: { Code: "NoRole" } }))).url), /did not answer with AccessKeyId, .* \(NoRole\)/],
    ["a container endpoint that refuses", async () => void vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (await listen(() => ({ status: 403 }))).url), /answered with status 403/],
    ["a token with a line break", async () => void (vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9"), vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nHost: b")), /has a line break/],
    ["an instance that is none", async () => void (vi.stubEnv("AWS_EC2_METADATA_DISABLED", "false"), vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")), /the instance \(The instance metadata service did not answer/],
  ]; // prettier-ignore
  test.each(failures)("%s", async (_what, arrange, message) => {
    await arrange();
    expect(await signer()).toMatch(message);
  });

  test("a profile by a name that nobody has, whatever else there is", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    expect(await signer({ profile: "wrok" })).toBe('CredentialsError: There is no profile "wrok".');
  });

  test("a source that is in trouble for a moment is asked again", async () => {
    const service = await listen((request, index, socket) =>
      index < 2 ? { status: 500 } : container(request, index, socket),
    );
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url);
    expect(await signer()).toBe("AKIACONTAINER container");
  });
});

test("a source is not asked through the agent that is made for the service", async () => {
  const service = await listen(container);
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url);
  const agent = new TlsAgent();
  const client = new MarketplaceMeteringClient({ endpoint: "https://127.0.0.1:9", agent, maxAttempts: 1 });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  await client.close();
  agent.destroy();
  expect(outcome).toMatchObject({ error: { name: "ConnectionError" } });
  expect(service.heard).toHaveLength(1);
});

describe("a profile that needs more than this package has", () => {
  test("is resolved by the optional package, where it is installed", async () => {
    const script = file(
      "credentials.sh",
      `echo '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"s","SessionToken":"process"}'`,
    );
    file("config", `[profile work]\ncredential_process = /bin/sh ${script}\n`);
    expect(await signer({ profile: "work" })).toBe("AKIAPROCESS process");
  });
});

describe("expiring credentials", () => {
  const MINUTE_MS = 60_000;
  const start = Date.parse("2026-07-01T00:00:00Z");
  async function renewing(provider: (call: number) => AwsCredentials | Promise<AwsCredentials>) {
    let nowMs = start;
    let calls = 0;
    const service = await listen(() => ({ body: { ProductCode: "p" } }));
    const world = { ...quickWorld().world, wallMs: () => nowMs };
    const client = clientOf(service.url, { world, correctClockSkew: false, credentials: () => provider((calls += 1)) });
    const call = async (): Promise<string> => {
      const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
      return outcome.ok ? String(service.heard.at(-1)?.headers["x-amz-security-token"]) : outcome.error.name;
    };
    return { call, pass: (minutes: number) => (nowMs += minutes * MINUTE_MS), calls: () => calls };
  }
  const until = (call: number, minutes: number): AwsCredentials => ({
    ...CREDENTIALS,
    sessionToken: `session-${call}`,
    expiration: new Date(start + minutes * MINUTE_MS),
  });

  test("are renewed five minutes before they expire, once for all calls that wait", async () => {
    const { call, pass, calls } = await renewing((n) => until(n, n * 60));
    expect(await Promise.all([call(), call(), call()])).toEqual(Array(3).fill("session-1"));
    pass(54);
    expect(await call()).toBe("session-1");
    pass(2);
    expect(await Promise.all([call(), call(), call()])).toEqual(Array(3).fill("session-2"));
    expect(calls()).toBe(2);
  });

  test("that cannot be renewed serve to their end, and not beyond", async () => {
    const { call, pass } = await renewing((n) => (n === 1 ? until(1, 60) : Promise.reject(new Error("no"))));
    await call();
    pass(56);
    expect(await call()).toBe("session-1");
    pass(5);
    expect(await call()).toBe("CredentialsError");
  });

  test("without an end are asked for once", async () => {
    const { call, pass, calls } = await renewing(() => CREDENTIALS);
    await call();
    pass(100_000);
    await call();
    expect(calls()).toBe(1);
  });

  test("whose end is no date are none", async () => {
    for (const expiration of ["2026-07-01T01:00:00Z", new Date(Number.NaN)]) {
      const { call } = await renewing(() => ({ ...CREDENTIALS, expiration: expiration as Date }));
      expect(await call()).toBe("CredentialsError");
    }
  });

  test("that could not be had are asked for again by the next call", async () => {
    const { call } = await renewing((n) => (n === 1 ? Promise.reject(new Error("no")) : until(n, 60)));
    expect([await call(), await call()]).toEqual(["CredentialsError", "session-2"]);
  });
});

const essence = ({ method, url, headers }: HeardRequest): object => ({
  method,
  url,
  authorization: headers.authorization,
  token: headers["x-aws-ec2-metadata-token"],
  seconds: headers["x-aws-ec2-metadata-token-ttl-seconds"],
});

async function both(
  script: Script,
  arrange: (listener: Listener) => void,
): Promise<readonly (readonly HeardRequest[])[]> {
  const listener = await listen(script);
  arrange(listener);
  await signer();
  const ours = listener.heard.length;
  await defaultProvider()();
  return [listener.heard.slice(0, ours), listener.heard.slice(ours)];
}

const form = ({ text }: HeardRequest): object => Object.fromEntries(new URLSearchParams(text));

describe("what a source is sent is what the official provider sends:", () => {
  test("the container", async () => {
    const [ours = [], theirs = []] = await both(container, ({ url }) => {
      vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${url}/a/b?c=d`);
      vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    });
    expect(ours.map(essence)).toEqual(theirs.map(essence));
  });

  test("the instance", async () => {
    const [ours = [], theirs = []] = await both(instance, ({ url }) => {
      vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
      vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    });
    expect(ours.map(essence)).toEqual(theirs.map(essence));
  });

  test("STS, which is sent no signature", async () => {
    const [ours = [], theirs = []] = await both(sts, ({ url }) => {
      vi.stubEnv("AWS_ENDPOINT_URL_STS", url);
      vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", file("token", "a.b.c"));
      vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::1:role/app");
      vi.stubEnv("AWS_ROLE_SESSION_NAME", "pod");
    });
    expect(ours.map(essence)).toEqual(theirs.map(essence));
    expect(ours.map(form)).toEqual(theirs.map(form));
  });
});
