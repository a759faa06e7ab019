/** A market that begins where somebody's lab stood. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { startMarket, type Market } from "countinghouse/testkit";
import { matchers } from "countinghouse/testkit/matchers";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/server.ts";
import { clientOf, marketOf, usage, USED_AT } from "./support.ts";

expect.extend(matchers);

const FIXTURE = fileURLToPath(new URL("../fixtures/snapshots/lab-of-format-1.snapshot", import.meta.url));
const DEMO_PRODUCT = "0abcdefghijklmnopqrstuvwx";

async function snapshotOf(market: Market): Promise<string> {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const { file } = await market.operator.call("POST /snapshot/save");
  const path = join(folder.path, "lab.snapshot");
  writeFileSync(path, Buffer.from(file, "base64"));
  return path;
}

const recordsOf = async (market: Market): Promise<readonly unknown[]> =>
  (await market.operator.call("GET /metering-records")).items;

test("a market's snapshot is another market's beginning, and what it goes back to", async () => {
  const first = await marketOf();
  const acme = first.product({ dimensions: { gb: "0.25" } });
  const buyer = first.customer(acme);
  await clientOf(first).send(usage(acme, { customer: buyer, quantity: 12 }));
  await first.clock.advance({ hours: 2 });
  const snapshot = await snapshotOf(first);

  const second = await marketOf({ now: undefined, snapshot });
  expect(second.clock.now).toEqual(first.clock.now);
  expect(await recordsOf(second)).toEqual(await recordsOf(first));
  const [key] = second.accessKeys;
  expect(second.accessKeys).toHaveLength(1);
  expect(key).toMatchObject({
    accessKeyId: acme.credentials.accessKeyId,
    accountId: acme.sellerAccountId,
    userName: "metering",
  });
  expect(key?.secretAccessKey).not.toBe(acme.credentials.secretAccessKey);
  const product = { ...acme, credentials: key ?? acme.credentials };
  const client = clientOf(second, { product });
  const again = await client.send(usage(product, { customer: buyer, quantity: 12 }));
  const [record] = (await recordsOf(first)) as [{ meteringRecordId: string }];
  expect(again.Results?.[0]).toMatchObject({ Status: "Success", MeteringRecordId: record.meteringRecordId });
  const other = await client.send(usage(product, { customer: buyer, quantity: 13 }));
  expect(other.Results?.[0]?.Status).toBe("DuplicateRecord");

  const mine = second.product({ dimensions: { calls: null } });
  const customer = second.customer(mine);
  expect(mine.productCode).not.toBe(acme.productCode);
  await clientOf(second, { product: mine }).send(usage(mine, { customer, dimension: "calls", quantity: 1 }));
  expect(second).toHaveMetered({ customer, units: 1 });
  expect(await recordsOf(second)).toHaveLength(2);
  await second.clock.advance({ hours: 1 });
  await second.restore();
  expect(second.clock.now).toEqual(first.clock.now);
  expect(await recordsOf(second)).toEqual(await recordsOf(first));
  await clientOf(second, { product: mine }).send(usage(mine, { customer, dimension: "calls", quantity: 1 }));
  expect(second).toHaveMetered({ customer, units: 1 });
  expect(await second.operator.call("GET /audit-verification")).toMatchObject({ intact: true });
});

test("a snapshot of the command line is taken, with the rules that it was made under", async () => {
  const market = await marketOf({ now: undefined, snapshot: FIXTURE });
  expect(await market.operator.call("GET /server")).toMatchObject({ ruleSet: "classic" });
  const key = market.accessKeys.find(({ accessKeyId }) => accessKeyId === "AKIACOUNTINGHOUSE001");
  if (key === undefined) throw new Error("The demo seller's key is missing.");
  const client = clientOf(market, {
    product: { productCode: DEMO_PRODUCT, dimensions: [], sellerAccountId: key.accountId, credentials: key },
  });
  const record = { Timestamp: new Date("2026-07-20T12:00:00Z"), CustomerIdentifier: "demoCustomer1", Dimension: "queries", Quantity: 6 }; // prettier-ignore
  const answer = await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO_PRODUCT, UsageRecords: [record] }));
  expect(answer.Results?.[0]?.Status).toBe("DuplicateRecord");
});

test("its clock may stand later than the snapshot, and not before", async () => {
  const later = await marketOf({ now: "2026-07-21T00:00:00Z", snapshot: FIXTURE });
  expect(later.clock.now).toEqual(new Date("2026-07-21T00:00:00Z"));
  await expect(startMarket({ now: USED_AT, snapshot: FIXTURE })).rejects.toThrow(
    "startMarket: the snapshot stands at 2026-07-20T15:00:00.000Z, and now must not be before that.",
  );
});

test.each([
  [{ snapshot: "/nowhere" }, "startMarket: the snapshot /nowhere: It cannot be read (ENOENT)."],
  [{ snapshot: FIXTURE, catalogue: {} }, "give either a snapshot or a catalogue"],
  [{ snapshot: fileURLToPath(import.meta.url) }, /This is no snapshot/],
])("%j cannot be", async (options, message) => {
  await expect(startMarket(options)).rejects.toThrow(message);
});
