/** Ledgers that earlier versions wrote, as they were left: this version goes on with them. `test/fixtures/ledgers/` says how they were made. */
import { copyFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { FIRST_SELLER, HOSTILE } from "../fixtures/ledgers/market.ts";
import { reported, type Again, type Reported, type ReportRow } from "../fixtures/ledgers/reported.ts";
import { Callers } from "../fixtures/ledgers/session.ts";
import { OPERATOR_TOKEN, newDatabase, testOfPostgres } from "../support/postgres/database.ts";
import { meteringRecords, type ListedRecord } from "../support/operator-api.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, type RunningServer } from "../support/server.ts";

const LEDGERS = fileURLToPath(new URL("../fixtures/ledgers/", import.meta.url));
/** By the commit that wrote them. */
const VERSIONS = ["d37f4ab"];

interface Expected extends Reported {
  readonly records: readonly ListedRecord[];
  readonly verified: { readonly entries: number; readonly meteringRecords: number };
  readonly again: readonly Again[];
}

/** Puts a copy of a ledger in place; answers its store. */
const STORES: Readonly<Record<string, (version: string) => Promise<string>>> = {
  sqlite: (version) => {
    const folder = join(newFolder(), "data");
    mkdirSync(folder);
    writeFileSync(join(folder, "ledger.sqlite"), gunzipSync(readFileSync(join(LEDGERS, version, "ledger.sqlite.gz"))));
    return Promise.resolve(`sqlite:${folder}`);
  },
  postgres: async (version) => {
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    await database.query(gunzipSync(readFileSync(join(LEDGERS, version, "postgres.sql.gz"))).toString());
    return database.url;
  },
};

describe.each(VERSIONS)("a ledger that %s wrote", (version) => {
  describe.each(Object.keys(STORES))("in %s", (store) => {
    const testHere = store === "postgres" ? testOfPostgres() : test;
    const expected = JSON.parse(readFileSync(join(LEDGERS, version, `${store}.json`), "utf8")) as Expected;
    const copy = (): Promise<string> => (STORES[store] as (typeof STORES)["sqlite"])(version);

    testHere("is whole, before a server has started on it and after", async () => {
      const at = await copy();
      if (store === "sqlite") await agrees(at, expected.verified.entries);
      const server = await startOn(at, version, store);
      const { stdout, stderr, code } = await runCommand(["audit", "verify", "--json", ...connection(server)]);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ intact: true, entries: expect.any(Number) as number });
      expect((JSON.parse(stdout) as { checkpoints: { count: number } }).checkpoints.count).toBeGreaterThan(0);
      expect(await server.stop()).toBe(0);
      await agrees(at, expected.verified.entries);
    });

    testHere("has the same records, the same sums and the same people in it", async () => {
      const server = await startOn(await copy(), version, store);
      const { records, reports, catalogue } = await reported(server);
      expect(records).toMatchObject(expected.records);
      for (const [month, rows] of Object.entries(expected.reports)) {
        expect(unitsOf(reports[month] ?? []), month).toEqual(unitsOf(rows));
        expect(revenueOf(reports[month] ?? []), month).toEqual(revenueOf(rows));
      }
      for (const [kind, objects] of Object.entries(expected.catalogue)) {
        expect(sorted(catalogue[kind] ?? []), kind).toMatchObject(sorted(objects));
      }
    });

    testHere("B1: answers what was sent again with the same ids, counts none of it twice, and goes on", async () => {
      const server = await startOn(await copy(), version, store);
      const callers = new Callers(server);
      onTestFinished(() => callers.close());
      const answers = [];
      for (const { id, error, ...request } of expected.again) {
        const { results, error: nowError } = await callers.send(request);
        answers.push({ id, was: error ?? id, is: nowError ?? results?.[0]?.id });
      }
      expect(answers.filter(({ id, was }) => id === was).length).toBeGreaterThan(5);
      // What could not be had any more may be had again, as what it was; it is nothing new.
      expect(answers.filter(({ id, was, is }) => (was === id ? is !== id : !isTold(is, id)))).toEqual([]);
      expect(await meteringRecords(server)).toMatchObject(expected.records);

      const { now } = (await server.operator("GET", "/clock")).body as { readonly now: string };
      const UsageRecords = [
        { Timestamp: now, Dimension: HOSTILE.dimension, Quantity: 77, CustomerIdentifier: "customer-1" },
      ];
      const fresh = await callers.send({
        caller: FIRST_SELLER,
        operation: "BatchMeterUsage",
        input: { ProductCode: "saas-first", UsageRecords },
      });
      expect(fresh.results).toMatchObject([{ status: "Success" }]);
      const added = (await meteringRecords(server)).filter(({ quantity }) => quantity === 77);
      expect(added.map(({ meteringRecordId }) => meteringRecordId)).toEqual([fresh.results?.[0]?.id]);
    });
  });
});

function isTold(is: string | undefined, id: string): boolean {
  return is === id || is?.endsWith("Exception") === true;
}

function startOn(at: string, version: string, store: string): Promise<RunningServer> {
  const folder = newFolder();
  for (const file of ["secrets.key", `${store}.checkpoints`]) {
    copyFileSync(join(LEDGERS, version, file), join(folder, file));
    chmodSync(join(folder, file), 0o600);
  }
  const files = [
    "--secrets-key-file",
    join(folder, "secrets.key"),
    "--checkpoint-file",
    join(folder, `${store}.checkpoints`),
  ];
  const catalogue = join(LEDGERS, version, "catalogue.yaml");
  return start([
    "--store",
    at,
    "--clock",
    "manual",
    "--catalog",
    catalogue,
    "--operator-token",
    OPERATOR_TOKEN,
    ...files,
  ]);
}

const connection = ({ operatorUrl, operatorToken }: RunningServer): string[] => [
  "--operator-url",
  operatorUrl,
  "--operator-token",
  operatorToken,
];

/** A start puts objects in another order than changes do. */
function sorted(objects: readonly object[]): readonly object[] {
  return objects.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** The member that each of them begins with. */
function idOf(object: object): string {
  return String(Object.values(object)[0]);
}

/** `store verify`, which may have notes but no complaint. */
async function agrees(at: string, entriesMin: number): Promise<void> {
  const { stdout, stderr, code } = await runCommand(["store", "verify", "--json", "--store", at]);
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout) as { readonly agrees: boolean; readonly entries: number };
  expect(found.agrees).toBe(true);
  expect(found.entries).toBeGreaterThanOrEqual(entriesMin);
}

function unitsOf(rows: readonly ReportRow[]): readonly string[] {
  return rows
    .map(
      ({ productCode, dimension, usageUnits, seconds }) =>
        `${productCode} ${dimension}: ${usageUnits} ${JSON.stringify(seconds)}`,
    )
    .toSorted();
}

/** Of dimensions that had one price all the time: what a changed price comes to is for later versions to say. */
function revenueOf(rows: readonly ReportRow[]): readonly string[] {
  return rows
    .filter(({ productCode, dimension }) => productCode !== "saas-first" || !["users", "calls"].includes(dimension))
    .map(({ productCode, dimension, estimatedRevenue }) => `${productCode} ${dimension}: ${estimatedRevenue}`)
    .toSorted();
}
