/** STS, of which credentials come: where it is asked, and how, is what the official clients do. */
import { writeFileSync } from "node:fs";
import { Agent, type ClientRequestArgs } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import {
  MarketplaceMeteringClient,
  type ClientConfiguration,
  type IdentityProperties,
  type TransportAnswer,
  type TransportRequest,
} from "@countinghouse/client";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CREDENTIALS, quickWorld } from "../support/client.ts";
import { listen, type Listener } from "../support/listener.ts";
import { withoutSettings } from "../support/no-settings.ts";

let folder: string;

beforeEach(() => {
  folder = withoutSettings();
  return () => vi.unstubAllEnvs();
});

function webIdentity(): void {
  const token = join(folder, "token");
  writeFileSync(token, "a.web.token");
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", token);
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::1:role/app");
}

/** The host that the token of a web identity is sent to, or why there is none. */
async function ours(configuration: ClientConfiguration = {}): Promise<string> {
  const hosts: string[] = [];
  const send = ({ url }: TransportRequest): Promise<TransportAnswer> => {
    hosts.push(url.host);
    return Promise.resolve({ status: 400, header: () => undefined, text: "" });
  };
  const client = new MarketplaceMeteringClient({ transport: { send, close: () => undefined }, ...configuration });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  return hosts[0] ?? outcome.error?.message ?? "";
}

async function theirs(region: string): Promise<string> {
  const hosts: string[] = [];
  const handle = (request: { readonly hostname: string }): Promise<never> => {
    hosts.push(request.hostname);
    return Promise.reject(new Error("enough"));
  };
  const requestHandler = { handle } as never;
  const client = new STSClient({ region, maxAttempts: 1, requestHandler, credentials: CREDENTIALS });
  const input = { RoleArn: "arn:aws:iam::1:role/app", RoleSessionName: "s", WebIdentityToken: "t" };
  const error = (await client
    .send(new AssumeRoleWithWebIdentityCommand(input))
    .catch((thrown: unknown) => thrown)) as Error;
  return hosts[0] ?? error.message;
}

describe("a web identity's token is sent where the official client sends it,", () => {
  const regions = ["us-east-1", "eu-central-1", "ap-south-2", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "aws-global", "xx-new-1"]; // prettier-ignore
  const flags = [false, true].flatMap((fips) => [false, true].map((dualStack) => ({ fips, dualStack })));

  test.each(flags)("of the environment: FIPS $fips, dual stack $dualStack", async ({ fips, dualStack }) => {
    webIdentity();
    if (fips) vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
    if (dualStack) vi.stubEnv("AWS_USE_DUALSTACK_ENDPOINT", "true");
    for (const region of regions) {
      vi.stubEnv("AWS_REGION", region);
      expect([region, await ours()]).toEqual([region, await theirs(region)]);
    }
  });

  test("and by FIPS where the client alone was told so", async () => {
    webIdentity();
    expect(await ours({ region: "us-west-2", useFipsEndpoint: true })).toBe("sts-fips.us-west-2.amazonaws.com");
    expect(await ours({ region: "fips-us-west-2" })).toBe("sts-fips.us-west-2.amazonaws.com");
  });

  test("not to a host that a region was made to lead to", async () => {
    webIdentity();
    expect(await ours({ region: "x.evil.test/", endpoint: "http://metering.test" })).toMatch(
      /cannot be part of a host name/,
    );
  });

  test("and not to an endpoint of one's own where FIPS is asked for", async () => {
    webIdentity();
    vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "true");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://sts.test");
    const message = "Invalid Configuration: FIPS and custom endpoint are not supported";
    expect([await ours({ region: "us-east-1" }), await theirs("us-east-1")]).toEqual([message, message]);
  });
});

const xml = (action: string): string =>
  `<${action}Response><${action}Result><Credentials><AccessKeyId>AKIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>web</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></${action}Result></${action}Response>`;

/** Answers for STS, the metering service and a container's credentials alike, whatever name it is called by. */
const everything = (): Promise<Listener> =>
  listen(({ method, text }) => {
    if (method === "GET") {
      const body = {
        AccessKeyId: "AKIACONTAINER",
        SecretAccessKey: "s",
        Token: "t",
        Expiration: "2099-01-01T00:00:00Z",
      };
      return { body };
    }
    const action = new URLSearchParams(text).get("Action");
    if (action === null) return { body: { ProductCode: "p" } };
    return { headers: { "content-type": "text/xml" }, body: xml(action) };
  });

/** Leads everywhere, as a proxy does, by leading to one listener; and writes down where it was asked to. */
class ProxyAgent extends Agent {
  readonly asked: string[] = [];
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
  }

  override createConnection(options: ClientRequestArgs): ReturnType<typeof connect> {
    this.asked.push(String(options.host));
    return connect(this.#port, "127.0.0.1");
  }
}

/** Who signed, and where the agent was asked to lead. */
const through = async (arrange: (listener: Listener) => void): Promise<readonly [string, readonly string[]]> => {
  const service = await everything();
  const agent = new ProxyAgent(Number(new URL(service.url).port));
  vi.stubEnv("AWS_REGION", "us-east-1");
  arrange(service);
  const { world } = quickWorld();
  const client = new MarketplaceMeteringClient({ endpoint: "http://metering.test", agent, world });
  onTestFinished(() => {
    agent.destroy();
    return client.close();
  });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  const [, key = ""] = /Credential=([^/]+)/.exec(service.heard.at(-1)?.headers.authorization ?? "") ?? [];
  return [outcome.ok ? key : outcome.error.message, agent.asked];
};

describe("an agent, by which alone the network is reached,", () => {
  test("is how STS is asked", async () => {
    const arranged = through(() => {
      webIdentity();
      vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://sts.test");
    });
    expect(await arranged).toEqual(["AKIAWEB", ["sts.test", "metering.test"]]);
  });

  test("is how the optional package asks STS", async () => {
    const keys = "aws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n";
    writeFileSync(
      join(folder, "credentials"),
      `[source]\n${keys}[work]\nrole_arn = arn:aws:iam::1:role/app\nsource_profile = source\n`,
    );
    const arranged = through(() => {
      vi.stubEnv("AWS_PROFILE", "work");
      vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://sts.test");
    });
    expect(await arranged).toEqual(["AKIAWEB", ["sts.test", "metering.test"]]);
  });

  test("is not how a source on this machine is asked, be it STS", async () => {
    const container = through(({ url }) => vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url));
    expect(await container).toEqual(["AKIACONTAINER", ["metering.test"]]);
    const sts = through(({ url }) => {
      vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", undefined);
      webIdentity();
      vi.stubEnv("AWS_ENDPOINT_URL_STS", url);
    });
    expect(await sts).toEqual(["AKIAWEB", ["metering.test"]]);
  });
});

const scopes = (service: Listener): readonly string[] =>
  service.heard.map(
    ({ headers }) => /Credential=[^/]+\/\d+\/([^,]+)\/aws4_request/.exec(headers.authorization ?? "")?.[1] ?? "-",
  );

describe("a client's own region is where STS is asked", () => {
  test("by the optional package, for a role of the profile", async () => {
    const service = await everything();
    const keys = "aws_access_key_id = AKIASOURCE\naws_secret_access_key = s\n";
    writeFileSync(
      join(folder, "credentials"),
      `[source]\n${keys}[work]\nrole_arn = arn:aws:iam::1:role/app\nsource_profile = source\n`,
    );
    vi.stubEnv("AWS_ENDPOINT_URL_STS", service.url);
    const client = new MarketplaceMeteringClient({ region: "cn-north-1", profile: "work", endpoint: service.url });
    onTestFinished(() => client.close());
    await client.resolveCustomer({ registrationToken: "x" });
    expect(scopes(service)).toEqual(["cn-north-1/sts", "cn-north-1/aws-marketplace"]);
  });

  test("by a provider that is given: it is told, as by the official client", async () => {
    const service = await everything();
    const told: string[] = [];
    const credentials = async (properties?: IdentityProperties) => {
      told.push(await (properties?.callerClientConfig?.region() ?? "nothing"));
      return CREDENTIALS;
    };
    const client = new MarketplaceMeteringClient({ region: "cn-north-1", endpoint: service.url, credentials });
    onTestFinished(() => client.close());
    await client.resolveCustomer({ registrationToken: "x" });
    expect(told).toEqual(["cn-north-1"]);
  });
});
