/**
 * The main job through every SDK that can be had where this runs, each a program of its own (programs/), against one server:
 * one table of expectations holds for all. `npm run sdks` installs the SDKs that are not the workspace's own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultsOf, inject } from "../support/faults.ts";
import { keySetOf } from "../support/issuer.ts";
import { listen } from "../support/listener.ts";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { entitled, entitlements, lookUp, mainJob, TAG, timeOf } from "./main-job.ts";
import { ENTITLED, KEY, ROLE, catalogueOfMarkets, marketOf, podToken, type Keys } from "./market.ts";
import { idsOf, meter, runScenarios, type Answer, type Call, type Scenario } from "./program.ts";
import { SDKS, type Sdk } from "./sdks.ts";
import { protocolOf, table } from "./table.ts";

const REGION = "us-east-1";
/** The programs of one SDK after another; several SDKs are under way at once. */
const SDK_TIMEOUT_MS = 120_000;
const folder = temporaryFolder();
let server: RunningServer;

for (const { name, whyNot } of SDKS) {
  if (whyNot !== undefined) process.stdout.write(`skipped: the wire through ${name} (${whyNot})\n`);
}

beforeAll(async () => {
  writeFileSync(join(folder.path, "jwks.json"), keySetOf(KEY));
  const catalog = join(folder.path, "markets.yaml");
  writeFileSync(catalog, JSON.stringify(catalogueOfMarkets("jwks.json")));
  server = await startServer(["--store", "memory:", "--catalog", catalog]);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

const scenarioOf = (credentials: Keys | undefined, calls: readonly Call[], more: Partial<Scenario> = {}): Scenario => ({
  endpoint: server.endpoint,
  region: REGION,
  ...(credentials === undefined ? {} : { credentials }),
  calls,
  ...more,
});

const pageAfter = ({ output }: Answer): object => ({ NextToken: String(output?.["NextToken"]) });
const eventIdsOf = ({ output }: Answer): string[] =>
  ((output?.["Events"] ?? []) as { readonly EventId: string }[]).map(({ EventId }) => EventId);
const nameOf = (answers: readonly Answer[] | undefined): string | undefined => answers?.[0]?.error?.name;

describe.concurrent.each(SDKS)("$name", { timeout: SDK_TIMEOUT_MS }, (sdk) => {
  const market = marketOf(sdk);
  const { keys, products, customer } = market;
  const available = test.skipIf(sdk.whyNot !== undefined);

  available("S1, S4, S5, S7, B1 – B6, V1: the main job, page by page, and every refusal by its name", async () => {
    const job = mainJob(sdk, market, await registrationToken(server, market.agreementId));
    const resolve = [meter("ResolveCustomer", { RegistrationToken: "made-up" })];
    const wrongSecret = { ...keys, secretAccessKey: "wrong" };
    const nobody = { ...keys, accessKeyId: "AKIANOBODYKNOWSTHIS0" };
    const calls = job.map(({ call }) => call);
    const [answers = [], denied, forged, unknown] = await runScenarios(sdk, [
      scenarioOf(keys, calls),
      ...[market.batchOnly, wrongSecret, nobody].map((credentials) => scenarioOf(credentials, resolve)),
    ]);
    expect(answers).toHaveLength(job.length);
    for (const [i, { what, answer }] of job.entries()) {
      expect(answers[i], what).toMatchObject(typeof answer === "function" ? answer(answers) : answer);
    }
    expect([denied, forged, unknown].map(nameOf)).toEqual([
      "AccessDeniedException",
      "InvalidSignatureException",
      "UnrecognizedClientException",
    ]);

    const [entitledPage = {}, , trailPage = {}] = answers.slice(-3);
    const [[entitlementsLeft = {}, earlier = {}] = []] = await runScenarios(sdk, [
      scenarioOf(keys, [
        entitlements(market, { MaxResults: 3, ...pageAfter(entitledPage) }),
        lookUp({ MaxResults: 2, ...pageAfter(trailPage) }),
      ]),
    ]);
    expect(entitlementsLeft).toMatchObject(entitled(ENTITLED.slice(3)));
    expect(entitlementsLeft.output?.["NextToken"]).toBeUndefined();
    const events = [trailPage, earlier].flatMap(eventIdsOf);
    expect(new Set(events).size).toBe(4);

    const kept = await meteringRecords(server, { productCode: products.saas });
    const ids = kept.map(({ meteringRecordId }) => meteringRecordId);
    expect(new Set(ids)).toEqual(new Set(answers.flatMap(idsOf).filter((id) => id !== undefined)));
    expect(kept.find(({ dimension }) => dimension === "gb")).toMatchObject({
      quantity: 5,
      usageAllocations: [
        { allocatedUsageQuantity: 2, tags: [{ key: "team", value: TAG }] },
        { allocatedUsageQuantity: 3 },
      ],
    });
  });

  available("Rule F1: what is throttled, at fault or never answered is counted once", async () => {
    const troubles = [
      [products.throttled, "throttle", 2],
      [products.failing, "internal-error", 2],
      [products.cut, "drop-answer", 1],
    ] as const;
    for (const [productCode, kind, count] of troubles) {
      await inject(server, { operation: "BatchMeterUsage", kind, count, match: { productCode } });
    }
    const usage = { Timestamp: timeOf(1), CustomerIdentifier: customer, Dimension: "gb", Quantity: 7 };
    // Whoever sends nothing again is sent again by its caller.
    const times = sdk.cannot.retries === undefined ? 1 : 3;
    const calls = troubles.flatMap(([ProductCode]) =>
      Array.from({ length: times }, () => meter("BatchMeterUsage", { ProductCode, UsageRecords: [usage] })),
    );
    const [answers = []] = await runScenarios(sdk, [scenarioOf(keys, calls)]);
    for (const [i, [productCode, kind]] of troubles.entries()) {
      const own = answers.slice(i * times, (i + 1) * times);
      expect(own.at(-1), kind).toMatchObject({ output: { Results: [{ Status: "Success" }] } });
      const kept = await meteringRecords(server, { productCode });
      expect(kept, kind).toHaveLength(1);
      const ids = own.flatMap(idsOf);
      expect(ids, kind).toEqual(ids.map(() => kept[0]?.meteringRecordId));
    }
    const ours = (await faultsOf(server)).filter((fault) => JSON.stringify(fault).includes(`-${sdk.key}"`));
    expect(ours.map(({ remaining }) => remaining)).toEqual([0, 0, 0]);
  });

  const workloads = [
    ["container credentials", "ecs", products.container],
    ["instance credentials", "ec2", products.image],
    ["web identity", "eks", products.container],
  ] as const;
  for (const [ability, platform, productCode] of workloads) {
    const why = sdk.cannot[ability];
    const named = `S3, M1, M2, R1: MeterUsage and RegisterUsage by ${ability}`;
    const able = test.skipIf(sdk.whyNot !== undefined || why !== undefined);
    able(why === undefined ? named : `${named} (it ${why})`, async () => {
      const environment = await environmentOn(platform, sdk);
      const usage = { ProductCode: productCode, Timestamp: timeOf(0), UsageDimension: "gb" };
      const use = (UsageQuantity: number): Call => meter("MeterUsage", { ...usage, UsageQuantity });
      const register = meter("RegisterUsage", { ProductCode: products.hourly, PublicKeyVersion: 1, Nonce: sdk.key });
      const calls = [use(3), use(3), use(4), register];
      const [[first, again, otherwise, registered] = []] = await runScenarios(
        sdk,
        [scenarioOf(undefined, calls)],
        environment,
      );
      expect(first).toMatchObject({ output: { MeteringRecordId: expect.any(String) as unknown } });
      expect(again?.output?.["MeteringRecordId"]).toBe(first?.output?.["MeteringRecordId"]);
      expect(otherwise).toMatchObject({ error: { name: "DuplicateRequestException" } });
      expect(registered).toMatchObject(
        platform === "ec2"
          ? { error: { name: "PlatformNotSupportedException" } }
          : { output: { Signature: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as unknown } },
      );
    });
  }

  /** The environment of a program on a resource of its own. */
  async function environmentOn(platform: "ecs" | "ec2" | "eks", { key }: Sdk): Promise<Record<string, string>> {
    if (platform === "eks") {
      const tokenFile = join(folder.path, `token-${key}`);
      writeFileSync(tokenFile, podToken());
      return {
        AWS_ROLE_ARN: `arn:aws:iam::${market.buyer}:role/${ROLE}`,
        AWS_ROLE_SESSION_NAME: "app-0",
        AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        AWS_ENDPOINT_URL_STS: server.endpoint,
        AWS_STS_REGIONAL_ENDPOINTS: "regional",
        AWS_REGION: REGION,
      };
    }
    const externalId =
      platform === "ec2" ? `i-${market.buyer}00000` : `arn:aws:ecs:${REGION}:${market.buyer}:task/cluster/${key}`;
    const draft = { platform, externalId, accountId: market.buyer, region: REGION, roleName: ROLE };
    const { status, body } = await server.operator("POST", "/resources", draft);
    expect(status, JSON.stringify(body)).toBe(201);
    return (body as { readonly credentials: Record<string, string> }).credentials;
  }
});

test("each asks in the protocol that it is listed with", { timeout: SDK_TIMEOUT_MS }, async () => {
  const calls: readonly Call[] = [
    meter("ResolveCustomer", { RegistrationToken: "any" }),
    { service: "entitlement", operation: "GetEntitlements", input: { ProductCode: "any" } },
    { service: "cloudtrail", operation: "LookupEvents", input: {} },
  ];
  const sdks = SDKS.filter(({ whyNot }) => whyNot === undefined);
  const asked = sdks.map(async (sdk) => {
    const listener = await listen(() => ({ status: 400 }));
    await runScenarios(sdk, [{ ...scenarioOf(marketOf(sdk).keys, calls), endpoint: listener.url }]);
    const sent = listener.heard.map(({ headers, url }) =>
      headers["smithy-protocol"] === "rpc-v2-cbor"
        ? ["RPC v2 CBOR", url.split("/").at(-1)]
        : [String(headers["content-type"]), String(headers["x-amz-target"]).split(".").at(-1)],
    );
    return [sdk.name, sent];
  });
  const expected = sdks.map((sdk) => {
    const protocol = sdk.protocol === undefined ? "application/x-amz-json-1.1" : protocolOf(sdk);
    return [sdk.name, calls.map(({ operation }) => [protocol, operation])];
  });
  expect(await Promise.all(asked)).toEqual(expected);
});

test("docs/SDKS.md says of each what this suite runs", () => {
  expect(readFileSync(new URL("../../docs/SDKS.md", import.meta.url), "utf8")).toContain(table);
});

test(
  "B1: all at once about the same two keys: one record and one id for each",
  { timeout: SDK_TIMEOUT_MS },
  async () => {
    const sdks = SDKS.filter(({ whyNot }) => whyNot === undefined);
    const { keys, products, customer } = marketOf(SDKS[0] as Sdk);
    const usage = { Timestamp: timeOf(2), CustomerIdentifier: customer };
    const notBeforeMs = Date.now() + 3_000;
    const answers = await Promise.all(
      sdks.map(async (sdk, i) => {
        const records = [
          { ...usage, Dimension: "gb", Quantity: 1 },
          { ...usage, Dimension: "calls", Quantity: i + 1 },
        ];
        const calls = Array.from({ length: 10 }, () =>
          records.map((record) => meter("BatchMeterUsage", { ProductCode: products.saas, UsageRecords: [record] })),
        );
        const [answered = []] = await runScenarios(sdk, [
          scenarioOf(keys, calls.flat(), { atOnce: true, notBeforeMs }),
        ]);
        return answered.map((answer, n) => ({ answer, dimension: n % 2 === 0 ? "gb" : "calls", quantity: i + 1 }));
      }),
    );
    const kept = (await meteringRecords(server, { productCode: products.saas })).filter(
      ({ hour }) => hour.slice(0, 13) === usage.Timestamp.slice(0, 13),
    );
    expect(kept.map(({ dimension }) => dimension).toSorted()).toEqual(["calls", "gb"]);
    const idIn = Object.fromEntries(kept.map(({ dimension, meteringRecordId }) => [dimension, meteringRecordId]));
    const standing = kept.find(({ dimension }) => dimension === "calls")?.quantity;
    expect(answers.flat().length).toBe(sdks.length * 20);
    for (const { answer, dimension, quantity } of answers.flat()) {
      const stands = dimension === "gb" || quantity === standing;
      expect(answer).toMatchObject({
        output: { Results: [{ MeteringRecordId: idIn[dimension], Status: stands ? "Success" : "DuplicateRecord" }] },
      });
    }
  },
);
