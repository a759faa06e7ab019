/** What becomes of a ledger that an older server left, and of older servers that are still there. */
import { beforeEach, expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { runCommand } from "../../../../../test/support/server.ts";
import { START_MS } from "../../../testing/contract/ledger-under-test.ts";
import { EVERYTHING, PRODUCT, meter, sent } from "../../../testing/contract/works.ts";
import type { ListedRecord, Ledger } from "../../ledger/ledger.ts";
import { realWorld } from "../../world.ts";
import { loadDriver } from "./driver.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import { laneLock } from "./locks.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { verifyAt } from "./verify-ledger.ts";

const test = testOfPostgres();

const LICENSE = "arn:aws:license-manager::111122223333:license:l-0";
const SENT = [sent(), sent({ licenseArn: LICENSE, customerAccountId: "777788889999" }), sent({ dimension: "Größe" })];

let database: TestDatabase;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
});

async function open(): Promise<Ledger> {
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** A ledger with `SENT` in it, as version 2 kept it: with texts in the place of numbers. */
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
  await database.query(`SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 2;
    DROP TABLE state_change;
    ALTER TABLE state DROP COLUMN edition_id;
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

/** A ledger as version 4 kept it: its rows are those of now. */
async function ledgerOfVersion4(): Promise<void> {
  const ledger = await open();
  await ledger.transact(meter(SENT));
  await ledger.close();
  await database.query(`SET search_path = countinghouse;
    DELETE FROM schema_version WHERE version > 4;
    ALTER TABLE state RENAME COLUMN edition_id TO edition`);
}

/** What a server of version 4 asks before each group, and when it looks whether others have changed anything. */
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
    // As another role sees one that writes: without its name.
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
    await expect.poll(async () => (await migrate()).code).toBe(0);
  },
);

test("a server of version 4 that comes back after the migration can begin nothing", async () => {
  await ledgerOfVersion4();
  for (const asked of ASKED_BY_VERSION_4) expect(await database.query(asked)).toHaveLength(1);
  await open();
  for (const asked of ASKED_BY_VERSION_4) await expect(database.query(asked)).rejects.toThrow(/edition/);
});

test("a ledger of a version that is newer is refused, and left as it is", async () => {
  await ledgerOfVersion4();
  await database.query(`INSERT INTO countinghouse.schema_version VALUES (${SCHEMA_VERSION + 1})`);
  await expect(open()).rejects.toThrow(
    `The ledger has schema version ${SCHEMA_VERSION + 1}; this server knows versions up to ${SCHEMA_VERSION}.`,
  );
  for (const asked of ASKED_BY_VERSION_4) expect(await database.query(asked)).toHaveLength(1);
});
