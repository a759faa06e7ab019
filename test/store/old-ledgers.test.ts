/** Ledgers that earlier versions wrote, as they were left: this version goes on with them. `test/fixtures/ledgers/` says how they were made. */
import { copyFileSync, chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { FIRST_SELLER, HOSTILE } from "../fixtures/ledgers/market.ts";
import { reported, type Again, type Reported, type ReportRow } from "../fixtures/ledgers/reported.ts";
import { Callers } from "../fixtures/ledgers/session.ts";
import { OPERATOR_TOKEN, newDatabase, testOfPostgres } from "../support/postgres/database.ts";
import { meteringRecords, type ListedRecord } from "../support/operator-api.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, spawnServer, type RunningServer } from "../support/server.ts";

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

    /** A copy on which starts were killed, and how many of them in the middle of a migration. */
    const killedStarts = async (): Promise<{ at: string; interrupted: number }> => {
      const at = await copy();
      if (store === "sqlite") addNames(at);
      let interrupted = 0;
      for (const patienceMs of store === "sqlite" ? [...PATIENCES_MS, 10_000] : PATIENCES_MS) {
        const child = spawnServer(["--port", "0", ...argsOf(at, version, store)]);
        const ended = new Promise((resolve) => child.once("exit", resolve));
        // A migration that has begun to write is killed before it commits; others are killed when their time has come.
        for (let waitedMs = 0; child.exitCode === null && waitedMs < patienceMs && !isMigrating(at); waitedMs += 5) {
          await delay(5);
        }
        const wasMigrating = isMigrating(at);
        child.kill("SIGKILL");
        await ended;
        if (store !== "sqlite") continue;
        if (wasMigrating && schemaOf(at) === 3) interrupted += 1;
        if (schemaOf(at) > 3) break;
      }
      return { at, interrupted };
    };

    testHere("is whole after starts that were killed at any moment, in the middle of a migration too", async () => {
      let { at, interrupted } = await killedStarts();
      // A migration that was over before it was seen says nothing: once more, on another copy.
      const triesMax = store === "sqlite" ? 5 : 1;
      for (let tries = 1; interrupted === 0 && tries < triesMax; tries += 1) {
        ({ at, interrupted } = await killedStarts());
      }
      if (store === "sqlite") expect(interrupted, "migrations that were killed").toBeGreaterThan(0);
      const server = await startOn(at, version, store);
      expect(await meteringRecords(server)).toMatchObject(expected.records);
      expect(await server.stop()).toBe(0);
      await agrees(at, expected.verified.entries);
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

const fileOf = (at: string): string => join(at.slice("sqlite:".length), "ledger.sqlite");

const PATIENCES_MS = [50, 200, 400, 600, 800, 1_000, 1_500];

/** So many names that nothing has, that to let go of them takes a while. */
function addNames(at: string): void {
  const db = new DatabaseSync(fileOf(at));
  db.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)
    INSERT INTO name (text) SELECT 'ASIA of a session ' || n FROM numbers`);
  db.close();
}

const WRITTEN_BYTES = 1_000_000;

/** Whether more is in the log of an embedded ledger than a start writes that migrates nothing. */
function isMigrating(at: string): boolean {
  return (
    at.startsWith("sqlite:") && (statSync(`${fileOf(at)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > WRITTEN_BYTES
  );
}

/** The schema's number, which goes together with what stands in it. */
function schemaOf(at: string): number {
  const db = new DatabaseSync(fileOf(at));
  const { user_version: number } = db.prepare("PRAGMA user_version").get() as { readonly user_version: number };
  const columns = db.prepare("SELECT name FROM pragma_table_info('name')").all();
  db.close();
  expect(columns.some(({ name }) => name === "in_key")).toBe(number >= 4);
  return number;
}

function startOn(at: string, version: string, store: string): Promise<RunningServer> {
  return start(argsOf(at, version, store));
}

function argsOf(at: string, version: string, store: string): string[] {
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
  return ["--store", at, "--clock", "manual", "--catalog", catalogue, "--operator-token", OPERATOR_TOKEN, ...files];
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
