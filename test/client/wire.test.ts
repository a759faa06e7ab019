/** C1: what the client sends, held against what the official SDK sends for the same call to the same listener. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient as OfficialClient,
  MeterUsageCommand,
  RegisterUsageCommand,
  ResolveCustomerCommand,
} from "@aws-sdk/client-marketplace-metering";
import type { MarketplaceMeteringClient } from "@countinghouse/client";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { clientOf } from "../support/client.ts";
import { listen, type HeardRequest } from "../support/listener.ts";

const timestamp = new Date("2026-07-01T05:06:07Z");
const tags = [{ key: "department", value: "research & development" }];
const Tags = [{ Key: "department", Value: "research & development" }];
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG",
  sessionToken: "session/token+=",
};

const pairs: readonly (readonly [
  string,
  (client: MarketplaceMeteringClient) => Promise<unknown>,
  (client: OfficialClient) => Promise<unknown>,
])[] = [
  [
    "BatchMeterUsage",
    (client) =>
      client.batchMeterUsage({
        productCode: "product",
        usageRecords: [
          { timestamp, customerIdentifier: "c", dimension: "gb ü 漢 😀", quantity: 0 },
          { timestamp, customerAccountId: "111122223333", dimension: "d", quantity: 5, usageAllocations: [{ allocatedUsageQuantity: 5, tags }] },
          { timestamp, customerAccountId: "111122223333", dimension: "d" },
        ],
      }),
    (client) =>
      client.send(
        new BatchMeterUsageCommand({
          ProductCode: "product",
          UsageRecords: [
            { Timestamp: timestamp, CustomerIdentifier: "c", Dimension: "gb ü 漢 😀", Quantity: 0 },
            { Timestamp: timestamp, CustomerAWSAccountId: "111122223333", Dimension: "d", Quantity: 5, UsageAllocations: [{ AllocatedUsageQuantity: 5, Tags }] },
            { Timestamp: timestamp, CustomerAWSAccountId: "111122223333", Dimension: "d" },
          ],
        }),
      ),
  ],
  [
    "BatchMeterUsage",
    (client) =>
      client.batchMeterUsage({
        usageRecords: [{ timestamp, customerAccountId: "1", dimension: "d", quantity: 1, licenseArn: "arn:aws:license-manager::1:license:l-1" }],
      }),
    (client) =>
      client.send(
        new BatchMeterUsageCommand({
          UsageRecords: [{ Timestamp: timestamp, CustomerAWSAccountId: "1", Dimension: "d", Quantity: 1, LicenseArn: "arn:aws:license-manager::1:license:l-1" }],
        }),
      ),
  ],
  [
    "MeterUsage",
    (client) => client.meterUsage({ productCode: "p", timestamp, usageDimension: "d", usageQuantity: 2, dryRun: false, clientToken: "t" }),
    (client) => client.send(new MeterUsageCommand({ ProductCode: "p", Timestamp: timestamp, UsageDimension: "d", UsageQuantity: 2, DryRun: false, ClientToken: "t" })),
  ],
  [
    "RegisterUsage",
    (client) => client.registerUsage({ productCode: "p", publicKeyVersion: 1, nonce: "n" }),
    (client) => client.send(new RegisterUsageCommand({ ProductCode: "p", PublicKeyVersion: 1, Nonce: "n" })),
  ],
  [
    "ResolveCustomer",
    (client) => client.resolveCustomer({ registrationToken: "a+b/c=" }),
    (client) => client.send(new ResolveCustomerCommand({ RegistrationToken: "a+b/c=" })),
  ],
]; // prettier-ignore

describe.each(pairs)("%s", (operation, ours, theirs) => {
  test("is the request that the official SDK sends", async () => {
    const listener = await listen(() => ({ body: {} }));
    const { url: endpoint } = listener;
    await ours(clientOf(endpoint, { credentials, region: "eu-west-1" }));
    await theirs(new OfficialClient({ endpoint, credentials, region: "eu-west-1" }));
    const [mine, official] = listener.heard as [HeardRequest, HeardRequest];
    expect([mine.method, mine.url]).toEqual([official.method, official.url]);
    expect(JSON.parse(mine.text)).toEqual(JSON.parse(official.text));
    const fixed = ["content-type", "host", "x-amz-target", "x-amz-security-token"];
    for (const name of fixed) expect(mine.headers[name], name).toBe(official.headers[name]);
    expect(mine.headers["x-amz-target"]).toBe(`AWSMPMeteringService.${operation}`);
    expect(mine.headers["amz-sdk-request"]).toBe(official.headers["amz-sdk-request"]);
    expect(mine.headers["amz-sdk-invocation-id"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(scopeOf(mine)).toBe(scopeOf(official));
  });

  test("is signed as the official signer signs it", async () => {
    const listener = await listen(() => ({ body: {} }));
    await ours(clientOf(`${listener.url}/behind/a proxy?`, { credentials, region: "eu-west-1" }));
    const [heard] = listener.heard as [HeardRequest];
    const signedNames = /SignedHeaders=([^,]+)/.exec(heard.headers.authorization ?? "")?.[1]?.split(";") ?? [];
    expect(signedNames).toEqual(["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"]);
    const signer = new SignatureV4({
      credentials,
      region: "eu-west-1",
      service: "aws-marketplace",
      sha256: Sha256,
      applyChecksum: false,
    });
    const date = String(heard.headers["x-amz-date"]);
    const iso = date.replace(/^(.{4})(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
    const { headers } = await signer.sign(
      new HttpRequest({
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        path: heard.url,
        headers: Object.fromEntries(signedNames.map((name) => [name, String(heard.headers[name])])),
        body: heard.text,
      }),
      { signingDate: new Date(iso), signableHeaders: new Set(signedNames) },
    );
    expect(heard.headers.authorization).toBe(headers["authorization"]);
  });
});

test("a MeterUsage without a client token gets one, as by the official SDK, and keeps it in every attempt", async () => {
  const listener = await listen((_request, index) => (index === 0 ? { status: 500 } : { body: {} }));
  await clientOf(listener.url).meterUsage({ productCode: "p", timestamp, usageDimension: "d" });
  const [first, second] = listener.heard as [HeardRequest, HeardRequest];
  expect((JSON.parse(first.text) as { ClientToken: string }).ClientToken).toMatch(/^[0-9a-f-]{36}$/);
  expect(second.text).toBe(first.text);
});

test("a MeterUsage of a class is sent with all that it has", async () => {
  class Usage {
    readonly productCode = "p";
    readonly timestamp = timestamp;
    get usageDimension(): string {
      return "d";
    }
    get usageQuantity(): number {
      return 7;
    }
  }
  const listener = await listen(() => ({ body: {} }));
  await clientOf(listener.url).meterUsage(new Usage());
  expect(JSON.parse(listener.heard[0]?.text ?? "")).toMatchObject({ UsageDimension: "d", UsageQuantity: 7 });
});

test("the user agent says what is sending, and what the caller adds", async () => {
  const listener = await listen(() => ({ body: {} }));
  await clientOf(listener.url, { userAgent: "acme/2.1" }).resolveCustomer({ registrationToken: "x" });
  expect(listener.heard[0]?.headers["user-agent"]).toMatch(
    /^countinghouse-client\/\d+\.\d+\.\d+ node\/\d+\.\d+\.\d+ acme\/2\.1$/,
  );
});

function scopeOf({ headers }: HeardRequest): string | undefined {
  return /Credential=[^/]+\/\d+\/([^,]+)/.exec(headers.authorization ?? "")?.[1];
}

/** As the official signer wants its hash. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(chunk: string | Uint8Array): void {
    this.#hash.update(chunk);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
}
