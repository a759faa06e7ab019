/** What happens to a ledger that an older server left, and to older servers that still run. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { HOUR_MS } from "@countinghouse/protocol";
import { beforeEach, describe, expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { NODE_FLAGS, MAIN, runCommand } from "../../../../../test/support/server.ts";
import { START_MS } from "../../../testing/contract/ledger-under-test.ts";
import { EVERYTHING, PRODUCT, keptIds, meter, moveClockTo, newCall, sent } from "../../../testing/contract/works.ts";
import { resource } from "../../../testing/container-market.ts";
import { MARKET, place, task } from "../../../testing/control-plane.ts";
import { meter as meterResource, openMarket, putAll, sent as resourceSent } from "../../../testing/resource-calls.ts";
import { accrue } from "../../control-plane/accrue.ts";
import type { ListedRecord, Ledger } from "../../ledger/ledger.ts";
import { realWorld } from "../../world.ts";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import { loadDriver } from "./driver.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import { laneLock } from "./locks.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { fillRecords } from "./migrations/0007-records-for-sums.ts";
import { verifyAt } from "./verify-ledger.ts";

const test = testOfPostgres();

const LICENSE = "arn:aws:license-manager::111122223333:license:l-0";
const SENT = [sent(), sent({ licenseArn: LICENSE, customerAccountId: "777788889999" }), sent({ dimension: "Größe" })];

let database: TestDatabase;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
});

/** Takes away what version 8 brought. */
const WITHOUT_SUMS = `DROP TABLE countinghouse.usage_sum, countinghouse.tally, countinghouse.sum_position, countinghouse.sums,
  countinghouse.expired_usage, countinghouse.expired_tally;
  ALTER TABLE countinghouse.lane RENAME COLUMN any_expired TO has_expired;`;

async function open(): Promise<Ledger> {
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** A ledger with `SENT` in it, as version 2 kept it: its rows hold texts where later versions hold numbers. */
async function ledgerOfVersion2(): Promise<readonly ListedRecord[]> {
  const ledger = await open();
  await ledger.transact(meter(SENT));
  const { items } = await ledger.meteringRecords(EVERYTHING);
  await ledger.close();
  const rows = items.map(({ key, meteringRecordId, requestId }) => {
    const { hour, offering, region, customer, dimension } = key;
    const entryOffering = offering === PRODUCT ? "NULL" : `'${PRODUCT}'`;
    const position = Number.parseInt(meteringRecordId.slice(34), 16);
    return `(${hour}, '${offering}', '${region}', '${customer}', '${dimension}', '', 1, '${requestId}', ${position}, ${entryOffering})`;
  });
  await database.query(`${WITHOUT_SUMS}SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 2;
    DROP TABLE state_change, resource;
    ALTER TABLE state DROP COLUMN state_edition;
    ALTER TABLE entry DROP CONSTRAINT entry_pkey;
    ALTER TABLE entry ALTER COLUMN shard_key TYPE text COLLATE "C" USING '${PRODUCT}';
    ALTER TABLE entry RENAME COLUMN shard_key TO offering;
    ALTER TABLE entry ADD PRIMARY KEY (offering, request_id);
    CREATE INDEX entry_request_id ON entry (request_id);
    DROP TABLE metering_record;
    CREATE TABLE metering_record (
      hour bigint NOT NULL, offering text COLLATE "C" NOT NULL, region text COLLATE "C" NOT NULL,
      customer text COLLATE "C" NOT NULL, dimension text COLLATE "C" NOT NULL, discriminator text COLLATE "C" NOT NULL,
      quantity bigint NOT NULL, request_id uuid NOT NULL, position smallint NOT NULL, entry_offering text COLLATE "C",
      PRIMARY KEY (hour, offering, region, customer, dimension, discriminator));
    INSERT INTO metering_record VALUES ${rows.join(", ")}`);
  return items;
}

test("a ledger with texts for keys becomes one with numbers: the same records, found under the same keys", async () => {
  const before = await ledgerOfVersion2();
  const ledger = await open();
  expect((await ledger.meteringRecords(EVERYTHING)).items).toEqual(before);
  const again = await ledger.transact(meter(SENT));
  const ids = new Set(before.map(({ meteringRecordId }) => meteringRecordId));
  expect(new Set(again.map(({ kept }) => kept?.meteringRecordId))).toEqual(ids);
  const verified = await verifyAt(database.url, realWorld);
  expect(verified).toMatchObject({ entries: 2, meteringRecords: 3, disagreement: undefined });
});

/** A ledger with what `write` writes, in the form of version 6. */
async function ledgerOfVersion6(
  write: (ledger: Ledger) => Promise<unknown> = (ledger) => ledger.transact(meter(SENT)),
): Promise<void> {
  const ledger = await open();
  await write(ledger);
  await ledger.close();
  await database.query(`${WITHOUT_SUMS}SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 6;
    ALTER TABLE metering_record DROP COLUMN quantity, DROP COLUMN product, DROP COLUMN customer, DROP COLUMN dimension,
      DROP COLUMN region, DROP COLUMN kind`);
}

/** A ledger in the form of version 4. */
async function ledgerOfVersion4(): Promise<void> {
  await ledgerOfVersion6();
  await database.query(`SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 4;
    DROP TABLE resource;
    ALTER TABLE state RENAME COLUMN state_edition TO edition`);
}

/** A ledger in the form of version 5, with a resource in its catalogue. */
async function ledgerOfVersion5(): Promise<MeteredResource> {
  const ledger = await open();
  await ledger.close();
  const known = task("a", { startedAtMs: START_MS });
  await database.query(`${WITHOUT_SUMS}SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 5;
    DROP TABLE resource;
    ALTER TABLE state RENAME COLUMN state_edition TO edition_id;
    INSERT INTO catalogue (kind, id, value) VALUES ('resource', '${known.resourceId}', '${JSON.stringify(known)}')`);
  return known;
}

describe("the migration that puts into rows what is summed", () => {
  const TASK = resource("ecs", { startedAtMs: START_MS });
  const LATER_MS = START_MS + 10 * HOUR_MS;
  const TOKEN = resourceSent({ clientToken: "t" }, LATER_MS);

  test("keeps every record under its key: what was sent before and is sent again is a replay, with the same id", async () => {
    let [byToken, before]: [string, readonly ListedRecord[]] = ["", []];
    await ledgerOfVersion6(async (ledger) => {
      await openMarket(ledger, TASK);
      await putAll(ledger, MARKET);
      await ledger.transact(meter(SENT));
      await place(ledger, task("hourly", { startedAtMs: START_MS }));
      await ledger.transact(moveClockTo(LATER_MS));
      byToken = await meterResource(ledger, TASK, TOKEN);
      await accrue(ledger, newCall, LATER_MS);
      before = (await ledger.meteringRecords(EVERYTHING)).items;
    });
    expect(before.filter(({ accrued }) => accrued === true).length).toBeGreaterThan(0);
    const ledger = await open();
    expect((await ledger.meteringRecords(EVERYTHING)).items).toEqual(before);
    const again = await ledger.transact(meter(SENT));
    const ids = new Set(before.map(({ meteringRecordId }) => meteringRecordId));
    expect(again.map(({ id, kept }) => ids.has(id) && kept?.meteringRecordId === id)).toEqual(SENT.map(() => true));
    expect(await meterResource(ledger, TASK, TOKEN)).toBe(byToken);
    await accrue(ledger, newCall, LATER_MS);
    expect((await ledger.meteringRecords(EVERYTHING)).items).toEqual(before);
    expect(await verifyAt(database.url, realWorld)).toMatchObject({ disagreement: undefined });
    const kinds = await database.query("SELECT DISTINCT kind FROM countinghouse.metering_record ORDER BY 1");
    expect(kinds).toEqual([{ kind: 0 }, { kind: 1 }, { kind: 3 }]);
  });

  test("lets no server of version 6 that comes back meanwhile write into the table that goes", async () => {
    await ledgerOfVersion6();
    const client = (await loadDriver(database.url)).client("maintenance");
    await client.connect();
    onTestFinished(() => client.end());
    const written: string[] = [];
    const migrating = new Proxy(client, {
      get: (target, name) => {
        if (name !== "query") return Reflect.get(target, name) as unknown;
        return async (...asked: Parameters<typeof client.query>): Promise<unknown> => {
          // Once all entries have been read, and the last time before the table goes.
          const [text] = asked as readonly unknown[];
          if (typeof text === "string" && text.startsWith("DROP TABLE"))
            written.push(await writtenByVersion6(database));
          return target.query(...asked);
        };
      },
    });
    await client.query("BEGIN");
    await client.query(readFileSync(new URL("migrations/0007-records-for-sums.sql", import.meta.url), "utf8"));
    await fillRecords(migrating);
    await client.query("COMMIT");
    expect(written).toEqual(["canceling statement due to lock timeout"]);
    expect(await database.query("SELECT FROM countinghouse.metering_record")).toHaveLength(SENT.length);
  });

  test("leaves the old ledger where it is killed before its end, and is done by the next", async () => {
    await ledgerOfVersion6();
    const old = "SELECT * FROM countinghouse.metering_record ORDER BY hour, key";
    const before = await database.query(old);
    const holder = (await loadDriver(database.url)).client("maintenance");
    await holder.connect();
    onTestFinished(() => holder.end().catch(() => undefined));
    // The lock stops the migration at its very last statement, which writes the schema's number.
    await holder.query("BEGIN; LOCK TABLE countinghouse.schema_version IN SHARE MODE");
    const migrating = spawn(process.execPath, [...NODE_FLAGS, MAIN, "store", "migrate"], {
      env: { ...process.env, COUNTINGHOUSE_STORE: database.url },
      stdio: "ignore",
    });
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO countinghouse.schema_version%'";
    await expect.poll(() => database.query(waiting), { timeout: 20_000 }).toHaveLength(1);
    migrating.kill("SIGKILL");
    await holder.query("ROLLBACK");
    await expect.poll(() => database.query(waiting)).toHaveLength(0);
    expect(await database.query(old)).toEqual(before);
    const ledger = await open();
    expect(await keptIds(ledger)).toHaveLength(SENT.length);
  });

  test.each([
    ["a record that nothing is kept of", "DELETE FROM countinghouse.metering_record WHERE entry_shard_key IS NULL"],
    ["a record of no entry", "UPDATE countinghouse.metering_record SET id = gen_random_uuid()"],
  ])("leaves a ledger as it is that contradicts itself: %s", async (_what, sql) => {
    await ledgerOfVersion6();
    await database.query(sql);
    await expect(open()).rejects.toThrow("The ledger contradicts itself, and was left as it is");
    expect(await database.query("SELECT max(version) AS version FROM countinghouse.schema_version")).toEqual([
      { version: 6 },
    ]);
  });
});

/** Inserts a record as version 6 did; answers PostgreSQL's error, if any. */
async function writtenByVersion6(of: TestDatabase): Promise<string> {
  try {
    await of.query(`SET lock_timeout = 100; INSERT INTO countinghouse.metering_record (hour, key, id, shard_key)
      VALUES (1, gen_random_uuid(), gen_random_uuid(), 1)`);
    return "written";
  } catch (error) {
    return (error as Error).message;
  }
}

/** The statements of a server of version 4: before each group, and when it looks for changes by other nodes. */
const ASKED_BY_VERSION_4 = [
  `SELECT s.version, s.edition, l.seq, l.link, l.newest_at_ms
   FROM countinghouse.lane l, countinghouse.state s WHERE l.number = 1 FOR UPDATE OF l`,
  "SELECT version, edition FROM countinghouse.state",
];

test.each([
  [2, async (): Promise<unknown> => ledgerOfVersion2(), "SELECT offering FROM countinghouse.entry LIMIT 1"],
  [4, ledgerOfVersion4, ASKED_BY_VERSION_4[1] ?? ""],
])(
  "what servers of version %i could not go on with is refused while one is connected",
  async (version, make, asked) => {
    await make();
    const before = await database.query(asked);
    const migrate = (): ReturnType<typeof runCommand> =>
      runCommand(["store", "migrate", "--json"], { COUNTINGHOUSE_STORE: database.url });
    const driver = await loadDriver(database.url);
    const named = driver.client("reader");
    // The connection as another database role sees it: without its application name.
    const writing = driver.client("lane", { application_name: "" });
    for (const older of [named, writing]) {
      await older.connect();
      if (older === writing) await older.query("SELECT pg_advisory_lock($1, $2)", [...laneLock(1)]);
      expect(await migrate()).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          new RegExp(`Servers that know .* version ${version} only are connected to it \\(\\d connections\\)`),
        ) as string,
      });
      expect(await database.query(asked)).toEqual(before);
      await older.end();
    }
    await expect.poll(async () => (await migrate()).code, { timeout: 30_000 }).toBe(0);
  },
);

test("a server of version 4 that comes back after the migration can begin nothing", async () => {
  await ledgerOfVersion4();
  for (const asked of ASKED_BY_VERSION_4) expect(await database.query(asked)).toHaveLength(1);
  await open();
  for (const asked of ASKED_BY_VERSION_4) await expect(database.query(asked)).rejects.toThrow(/edition/);
});

test("resources that stood in the catalogue are found where they are kept now, and no server of version 5 puts more there", async () => {
  const asked = "SELECT version, edition_id AS edition FROM countinghouse.state";
  const known = await ledgerOfVersion5();
  expect(await database.query(asked)).toHaveLength(1);
  const ledger = await open();
  expect((await ledger.resources({ limit: 10 })).items).toEqual([known]);
  expect(await database.query("SELECT 1 FROM countinghouse.catalogue WHERE kind = 'resource'")).toEqual([]);
  const dueMs = START_MS + 8 * HOUR_MS;
  expect((await ledger.dueResources({ byMs: dueMs, limit: 10 })).items).toEqual([known]);
  await expect(database.query(asked)).rejects.toThrow(/edition_id/);
});

test("a ledger of a version that is newer is refused, and left as it is", async () => {
  await ledgerOfVersion4();
  await database.query(`INSERT INTO countinghouse.schema_version VALUES (${SCHEMA_VERSION + 1})`);
  await expect(open()).rejects.toThrow(
    `The ledger has schema version ${SCHEMA_VERSION + 1}; this server knows versions up to ${SCHEMA_VERSION}.`,
  );
  for (const asked of ASKED_BY_VERSION_4) expect(await database.query(asked)).toHaveLength(1);
});
