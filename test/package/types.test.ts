/** What TypeScript makes of the packages where they are installed: old and new, of every way to look for modules, without `@types/node`. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyProject, type EmptyProject } from "../support/empty-project.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";

const OLD = fileURLToPath(new URL("../adoption/node_modules/typescript5/bin/tsc", import.meta.url));
const NEW = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

const PROGRAM = `
import { MarketplaceMeteringClient, type MeterAllResult, type UsageRecord } from "@countinghouse/client";
import { lineOf, packed } from "@countinghouse/client/batch";
import { openOutbox, type Outbox, type RecordAnswer } from "@countinghouse/outbox";
import { postgresStore, type PostgresPool } from "@countinghouse/outbox/postgres";

const timestamp = new Date();
const dimension = "d";
const byIdentifier: UsageRecord = { timestamp, dimension, customerIdentifier: "c" };
const byAccount: UsageRecord = { timestamp, dimension, customerAccountId: "1", licenseArn: "arn" };
// @ts-expect-error There is no customer.
const byNobody: UsageRecord = { timestamp, dimension };
// @ts-expect-error There are two.
const byBoth: UsageRecord = { timestamp, dimension, customerIdentifier: "c", customerAccountId: "1" };
// @ts-expect-error A licence is of an account.
const licence: UsageRecord = { timestamp, dimension, customerIdentifier: "c", licenseArn: "arn" };
// @ts-expect-error As the official client has it.
const pascal: UsageRecord = { Timestamp: timestamp, Dimension: dimension, CustomerIdentifier: "c" };

async function main(client: MarketplaceMeteringClient): Promise<MeterAllResult<{ readonly row: number }>[]> {
  const { line } = lineOf(byIdentifier, "p");
  if (line !== undefined) packed([line]);
  const { unprocessedRecords } = await client.batchMeterUsage({ productCode: "p", usageRecords: [byIdentifier] });
  await client.batchMeterUsage({ productCode: "p", usageRecords: unprocessedRecords });
  return client.meterAll([{ ...byAccount, row: 1 }]).toArray();
}
async function record(pool: PostgresPool, client: MarketplaceMeteringClient): Promise<readonly RecordAnswer[]> {
  const meters = { gb: { productCode: "p", dimension } };
  const outbox: Outbox = await openOutbox({ name: "n", store: postgresStore({ pool }), client, meters });
  const reading = { readingId: "r", tenant: "t", meter: "gb", quantity: "0.5", at: timestamp };
  await outbox.within(pool).record(reading);
  // @ts-expect-error There is no time.
  await outbox.record({ readingId: "r", tenant: "t", meter: "gb", quantity: 1 });
  return outbox.record([reading]);
}
void [main, record, byNobody, byBoth, licence, pascal];
`;

let project: EmptyProject;
beforeAll(async () => {
  project = await emptyProject(["@countinghouse/protocol", "@countinghouse/client", "@countinghouse/outbox"]);
  for (const ending of ["ts", "mts", "cts"]) project.write(`program.${ending}`, PROGRAM);
}, PACK_TIMEOUT_MS);
afterAll(() => project.remove());

const rows = (
  [
    ["5.2", OLD, "commonjs", "node", "program.ts"],
    ["5.2", OLD, "node16", "node16", "program.cts"],
    ["5.2", OLD, "node16", "node16", "program.mts"],
    ["5.2", OLD, "esnext", "bundler", "program.ts"],
    ["7", NEW, "nodenext", "nodenext", "program.cts"],
    ["7", NEW, "nodenext", "nodenext", "program.mts"],
    ["7", NEW, "esnext", "bundler", "program.ts"],
  ] as const
).map(([version, tsc, module, resolution, file]) => ({ version, tsc, module, resolution, file }));

test.each(rows)("TypeScript $version, $module, $resolution: $file", async ({ tsc, module, resolution, file }) => {
  if (!existsSync(tsc))
    return void process.stdout.write("TypeScript 5.2 is not there: npm run runtimes installs it.\n");
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--skipLibCheck", "false"];
  const surroundings = ["--target", "es2022", "--lib", "es2022,dom"];
  const how = ["--module", module, "--moduleResolution", resolution, ...strict, ...surroundings];
  const { code, output } = await project.run(process.execPath, [tsc, ...how, file]);
  expect(output).toBe("");
  expect(code).toBe(0);
});
