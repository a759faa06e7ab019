/** C2, C6: the forms of construction, what the environment and the profile say, and where requests then go. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  MarketplaceMeteringClient,
  defaultEndpointProvider,
  type AwsCredentials,
  type EndpointParameters,
  type EndpointProvider,
} from "@countinghouse/client";
import {
  MarketplaceMeteringClient as OfficialClient,
  ResolveCustomerCommand,
} from "@aws-sdk/client-marketplace-metering";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CREDENTIALS, clientOf } from "../support/client.ts";
import { listen, type Listener } from "../support/listener.ts";
import { withoutSettings } from "../support/no-settings.ts";

const token = { registrationToken: "x" };
const answers = (): Promise<Listener> => listen(() => ({ body: { ProductCode: "p" } }));
/** Who signed, and for which region. */
const credentialOf = (listener: Listener, index = 0): string =>
  /Credential=([^,]+)/.exec(listener.heard[index]?.headers.authorization ?? "")?.[1] ?? "";

let folder: string;

/** No variable of the machine's own, and files of the test's. */
beforeEach(() => {
  folder = withoutSettings();
  return () => vi.unstubAllEnvs();
});

describe("C2: a client is made of", () => {
  test("nothing: credentials, region and endpoint come from the environment", async () => {
    const listener = await answers();
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_SESSION_TOKEN", "session");
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("AWS_ENDPOINT_URL_MARKETPLACE_METERING", listener.url);
    const client = new MarketplaceMeteringClient();
    expect(await client.resolveCustomer(token)).toMatchObject({
      productCode: "p",
      metadata: { requestId: "request-1" },
    });
    await client.close();
    expect(credentialOf(listener)).toMatch(/^AKIAENV\/\d{8}\/eu-west-1\/aws-marketplace\/aws4_request$/);
    expect(listener.heard[0]?.headers["x-amz-security-token"]).toBe("session");
  });

  const provider: EndpointProvider = { resolveEndpoint: ({ endpoint = "" }) => ({ url: `${endpoint}/provided` }) };
  const given: AwsCredentials = { ...CREDENTIALS };
  const forms: readonly (readonly [string, string, (endpoint: string) => MarketplaceMeteringClient])[] = [
    ["credentials, and the configuration after the provider", "/", (endpoint) => new MarketplaceMeteringClient(given, undefined, { endpoint, region: "us-east-1" })],
    ["credentials, an endpoint provider and a configuration", "/provided/", (endpoint) => new MarketplaceMeteringClient(given, provider, { endpoint, region: "us-east-1" })],
    ["a credentials provider, an endpoint provider and a configuration", "/provided/", (endpoint) => new MarketplaceMeteringClient(() => Promise.resolve(given), provider, { endpoint, region: "us-east-1" })],
    ["credentials and a configuration (legacy)", "/", (endpoint) => new MarketplaceMeteringClient(given, { endpoint, region: "us-east-1" })],
    ["a credentials provider and a configuration (legacy)", "/", (endpoint) => new MarketplaceMeteringClient(() => given, { endpoint, region: "us-east-1" })],
    ["a configuration and an endpoint provider", "/provided/", (endpoint) => new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials: given }, provider)],
    ["a plain configuration with all in it (legacy)", "/", (endpoint) => new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials: given })],
  ]; // prettier-ignore
  test.each(forms)("%s", async (_form, path, make) => {
    const listener = await answers();
    const client = make(listener.url);
    expect(await client.resolveCustomer(token)).toMatchObject({
      productCode: "p",
      metadata: { requestId: "request-1" },
    });
    await client.close();
    expect(credentialOf(listener)).toMatch(new RegExp(`^${CREDENTIALS.accessKeyId}/`));
    expect(listener.heard[0]?.url).toBe(path);
  });
});

describe("C6: where requests go", () => {
  test("is overridden from then on, by a provider that is told so", async () => {
    const [first, second, third] = [await answers(), await answers(), await answers()];
    const client = clientOf(first.url);
    await client.resolveCustomer(token);
    client.overrideEndpoint(second.url);
    await client.resolveCustomer(token);
    expect(client.endpointProvider).toBe(defaultEndpointProvider);
    const asked: EndpointParameters[] = [];
    const provider: EndpointProvider = {
      resolveEndpoint: (parameters) => {
        asked.push(parameters);
        return { url: third.url };
      },
    };
    client.endpointProvider = provider;
    expect(client.endpointProvider).toBe(provider);
    await client.resolveCustomer(token);
    expect([first, second, third].map(({ heard }) => heard.length)).toEqual([1, 1, 1]);
    expect(asked).toEqual([{ region: "us-east-1", endpoint: second.url, useFips: false, useDualStack: false }]);
  });

  test("the service has its name", () => {
    expect(MarketplaceMeteringClient.serviceName).toBe("Marketplace Metering");
  });

  test("an endpoint without a scheme is https", async () => {
    const asked: EndpointParameters[] = [];
    const client = clientOf("http://127.0.0.1:9", { maxAttempts: 1 });
    client.overrideEndpoint("localhost:1");
    client.endpointProvider = {
      resolveEndpoint: (parameters) => {
        asked.push(parameters);
        return { url: "http://127.0.0.1:9" };
      },
    };
    await client.resolveCustomerOutcome(token);
    expect(asked[0]?.endpoint).toBe("https://localhost:1");
  });
});

/** Each row is told to our client and to the official one; both must end at the same place. */
describe("C2: the environment and the profile say, as to the official SDK,", () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["a region", { AWS_REGION: "ap-south-1" }, ""],
    ["a region in the profile", {}, "[default]\nregion = ap-south-1\n"],
    ["a profile by name", { AWS_PROFILE: "work" }, "[default]\nregion = us-west-1\n[profile work]\nregion = ap-south-1\n"],
    ["a profile in quotes", { AWS_PROFILE: "work" }, '[profile "work"]\nregion = ap-south-1\n'],
    ["an old FIPS region", { AWS_REGION: "fips-us-east-1" }, ""],
    ["FIPS", { AWS_REGION: "us-east-1", AWS_USE_FIPS_ENDPOINT: "true" }, ""],
    ["FIPS in the profile", { AWS_REGION: "us-east-1" }, "[default]\nuse_fips_endpoint = true\n"],
    ["dual-stack", { AWS_REGION: "us-gov-west-1", AWS_USE_DUALSTACK_ENDPOINT: "true" }, ""],
    ["dual-stack in the profile", { AWS_REGION: "cn-north-1" }, "[default]\nuse_dualstack_endpoint=true ; yes\n"],
    ["no region", {}, ""],
    ["an endpoint and no region", { AWS_ENDPOINT_URL: "http://all.test:1" }, ""],
    ["an endpoint for all services", { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://all.test:1" }, ""],
    ["an endpoint for this service before it", { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://all.test:1", AWS_ENDPOINT_URL_MARKETPLACE_METERING: "http://own.test:2/path" }, ""],
    ["an endpoint in the profile", { AWS_REGION: "us-east-1" }, "[default]\nendpoint_url = http://all.test:3\n"],
    ["an endpoint in a services section", { AWS_REGION: "us-east-1" }, "[default]\nservices = lab\nendpoint_url = http://all.test:3\n[services lab]\nmarketplace_metering =\n  endpoint_url = http://own.test:4\nsts =\n  endpoint_url = http://sts.test\n"],
    ["a services section without this service", { AWS_REGION: "us-east-1" }, "[default]\nservices = lab\nendpoint_url = http://all.test:3\n[services lab]\nsts =\n  endpoint_url = http://sts.test\n"],
    ["that configured endpoints are ignored", { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://all.test:1", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, ""],
    ["that configured endpoints are ignored, in the profile", { AWS_REGION: "us-east-1" }, "[default]\nignore_configured_endpoint_urls = true\nendpoint_url = http://all.test:3\n"],
    ["FIPS and an endpoint", { AWS_REGION: "us-east-1", AWS_USE_FIPS_ENDPOINT: "true", AWS_ENDPOINT_URL: "http://all.test:1" }, ""],
  ]; // prettier-ignore
  test.each(rows)("%s", async (_what, variables, config) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    writeFileSync(join(folder, "config"), config);
    const ours: string[] = [];
    const outcome = await new MarketplaceMeteringClient({
      credentials: CREDENTIALS,
      transport: {
        send: ({ url }) => {
          ours.push(url.href);
          return Promise.resolve({ status: 200, header: () => undefined, text: "{}" });
        },
        close: () => undefined,
      },
    }).resolveCustomerOutcome(token);
    const place = outcome.ok ? ours[0] : outcome.error.message;
    expect(place?.replace("Invalid Configuration: Missing Region", "Region is missing")).toBe(await officialPlace());
  });

  test("what is no flag is an error, and not false", async () => {
    vi.stubEnv("AWS_USE_FIPS_ENDPOINT", "yes");
    const outcome = await new MarketplaceMeteringClient({
      region: "us-east-1",
      credentials: CREDENTIALS,
    }).resolveCustomerOutcome(token);
    expect(outcome).toMatchObject({
      error: { name: "ConfigurationError", message: "AWS_USE_FIPS_ENDPOINT must be true or false; it is yes." },
    });
  });

  test("how many attempts to make", async () => {
    const listener = await listen(() => ({ status: 500 }));
    vi.stubEnv("AWS_MAX_ATTEMPTS", "2");
    const outcome = await clientOf(listener.url, { world: { random: () => 0 } }).resolveCustomerOutcome(token);
    expect(outcome).toMatchObject({ error: { attempts: 2 } });
  });

  test("how many attempts to make, where the configuration's number is the one that is wrong", async () => {
    vi.stubEnv("AWS_MAX_ATTEMPTS", "5");
    const outcome = await clientOf("http://metering.test", { maxAttempts: 0 }).resolveCustomerOutcome(token);
    const message = "The number of attempts must be a whole number from 1 on; it is 0.";
    expect(outcome).toMatchObject({ error: { name: "ConfigurationError", message } });
  });
});

async function officialPlace(): Promise<string> {
  const places: string[] = [];
  const official = new OfficialClient({
    credentials: CREDENTIALS,
    requestHandler: {
      handle: (request: { protocol: string; hostname: string; port?: number; path: string }) => {
        const port = request.port === undefined ? "" : `:${request.port}`;
        places.push(`${request.protocol}//${request.hostname}${port}${request.path}`);
        throw new Error("far enough");
      },
    } as never,
    maxAttempts: 1,
  });
  const error = await official
    .send(new ResolveCustomerCommand({ RegistrationToken: "x" }))
    .catch((thrown: unknown) => thrown);
  return places[0] ?? (error as Error).message;
}
