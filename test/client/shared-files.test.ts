/**
 * The shared files: which of the two is believed, held against the official provider; and what becomes of a client where
 * they cannot be read.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { MarketplaceMeteringClient, type ClientConfiguration } from "@countinghouse/client";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CREDENTIALS, quickWorld } from "../support/client.ts";
import { listen, type Listener, type Script } from "../support/listener.ts";
import { newFolder } from "../support/scoped.ts";

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_REGION", "us-east-1");
  return () => vi.unstubAllEnvs();
});

/** A folder of its own each time: the official provider keeps what it has read. */
function files(config: string, credentials: string): void {
  const folder = newFolder();
  writeFileSync(join(folder, "config"), config);
  writeFileSync(join(folder, "credentials"), credentials);
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
}

const answering: Script = () => ({ body: { ProductCode: "p" } });

async function call(service: Listener, configuration: ClientConfiguration = {}): Promise<string> {
  const { world } = quickWorld();
  const client = new MarketplaceMeteringClient({ endpoint: service.url, world, ...configuration });
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
  await client.close();
  if (!outcome.ok) return outcome.error.name;
  const headers = service.heard.at(-1)?.headers;
  const [, key] = /Credential=([^/]+)/.exec(headers?.authorization ?? "") ?? [];
  return `${key} ${String(headers?.["x-amz-security-token"] ?? "-")}`;
}

async function official(): Promise<string> {
  try {
    const { accessKeyId, sessionToken } = await defaultProvider()();
    return `${accessKeyId} ${sessionToken ?? "-"}`;
  } catch {
    return "CredentialsError";
  }
}

describe("of the two shared files,", () => {
  const MEMBERS = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] as const;
  /** Which files a member stands in: neither, the one, the other, both. */
  const places = [0, 1, 2, 3];
  const arrangements = places.flatMap((a) => places.flatMap((b) => places.map((c) => [a, b, c])));
  const section = (arrangement: readonly number[], bit: number, name: string): string =>
    MEMBERS.filter((_, i) => ((arrangement[i] as number) & bit) !== 0)
      .map((member) => `${member} = ${name}${member.length}`)
      .join("\n");

  test("the credentials file is believed for keys, as by the official provider, however they are spread", async () => {
    const service = await listen(answering);
    for (const arrangement of arrangements) {
      files(
        `[default]\n${section(arrangement, 1, "CONFIG")}\n`,
        `[default]\n${section(arrangement, 2, "CREDENTIALS")}\n`,
      );
      expect([arrangement, await call(service)]).toEqual([arrangement, await official()]);
    }
  });

  test("and for a role, as by the official provider", async () => {
    const token = join(newFolder(), "token");
    writeFileSync(token, "a.b.c");
    const sts = await listen(() => ({
      headers: { "content-type": "text/xml" },
      body: `<R><Credentials><AccessKeyId>AKIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>web</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></R>`,
    }));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    files(
      `[default]\nweb_identity_token_file = ${token}\nrole_arn = arn:aws:iam::1:role/of-config\nrole_session_name = s\n`,
      "[default]\nrole_arn = arn:aws:iam::1:role/of-credentials\n",
    );
    await call(await listen(answering));
    await official();
    const asked = sts.heard.map(({ text }) => new URLSearchParams(text).get("RoleArn"));
    expect(asked).toEqual(["arn:aws:iam::1:role/of-credentials", "arn:aws:iam::1:role/of-credentials"]);
  });

  test("the configuration file is believed for settings", async () => {
    const service = await listen(answering);
    const other = await listen(answering);
    const keys = "aws_access_key_id = AKIA\naws_secret_access_key = s\n";
    files(`[default]\nendpoint_url = ${service.url}\n`, `[default]\n${keys}endpoint_url = ${other.url}\n`);
    const client = new MarketplaceMeteringClient({});
    onTestFinished(() => client.close());
    await client.resolveCustomer({ registrationToken: "x" });
    expect([service.heard.length, other.heard.length]).toEqual([1, 0]);
  });
});

/** The error of a call, which nobody answers. */
async function failureOf(configuration: ClientConfiguration): Promise<string> {
  const client = new MarketplaceMeteringClient({ endpoint: "http://127.0.0.1:9", maxAttempts: 1, ...configuration });
  onTestFinished(() => client.close());
  return String((await client.resolveCustomerOutcome({ registrationToken: "x" })).error);
}

/** A home whose shared files are there, and no files. */
const unreadableHome = (): string => {
  const home = newFolder();
  mkdirSync(join(home, ".aws"));
  // As for a service user whose HOME is another's: there is something, and it is no file for this program.
  for (const name of ["config", "credentials"]) mkdirSync(join(home, ".aws", name));
  return home;
};

describe("a shared file that cannot be read counts as empty, with a warning", () => {
  const homes: readonly (readonly [string, () => void])[] = [
    ["a HOME that is no folder", () => vi.stubEnv("HOME", "/dev/null")],
    ["files that are folders", () => vi.stubEnv("HOME", unreadableHome())],
    ["AWS_CONFIG_FILE=/tmp", () => vi.stubEnv("AWS_CONFIG_FILE", "/tmp")],
  ];

  test.each(homes)("%s: where all is given in code, all works", async (_what, arrange) => {
    arrange();
    const warnings: string[] = [];
    const logger = { warn: (text: string) => void warnings.push(text) };
    const service = await listen(answering);
    const configuration = { region: "us-east-1", credentials: CREDENTIALS, logger };
    expect(await call(service, configuration)).toBe(`${CREDENTIALS.accessKeyId} -`);
    expect(warnings[0]).toMatch(/cannot be read \((ENOTDIR|EISDIR)\)\. It counts as empty\./);
    vi.stubEnv("AWS_PROFILE", "work");
    expect(await call(service, configuration), "and where a profile is named, of which nothing is needed").toBe(
      `${CREDENTIALS.accessKeyId} -`,
    );
  });

  test("where the environment gives the keys, and where another source does", async () => {
    vi.stubEnv("HOME", unreadableHome());
    const service = await listen(answering);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
    expect([await call(service), await official()]).toEqual(["AKIAENV -", "AKIAENV -"]);
  });

  test("unless the profile was named, and its keys may be in there: another source may be another account's", async () => {
    const keys = { AccessKeyId: "AKIACONTAINER", SecretAccessKey: "s", Token: "t", Expiration: "2099-01-01T00:00:00Z" };
    const container = await listen(() => ({ body: keys }));
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url);
    files("[profile work]\nmax_attempts = 1\n", "");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/tmp");
    expect(await failureOf({ profile: "work" })).toBe(
      'CredentialsError: The profile "work" has no credentials that can be read. /tmp cannot be read (EISDIR).',
    );
    expect(await failureOf({ profile: "wrok" })).toBe(
      'CredentialsError: There is no profile "wrok". /tmp cannot be read (EISDIR).',
    );
    expect(container.heard).toEqual([]);
    await failureOf({});
    expect(container.heard, "no name, no doubt who is meant").toHaveLength(1);
  });

  test("and is named where what it may hold is missing", async () => {
    vi.stubEnv("HOME", unreadableHome());
    expect(await failureOf({})).toMatch(
      /^CredentialsError: No credentials were found\..*config cannot be read \(EISDIR\)/,
    );
    vi.stubEnv("AWS_REGION", undefined);
    expect(await failureOf({ credentials: CREDENTIALS })).toMatch(
      /^ConfigurationError: Invalid Configuration: Missing Region\. .*config cannot be read \(EISDIR\)/,
    );
  });
});
