/**
 * npm run bench:outbox-postgres [-- --readings N]: what the outbox costs in PostgreSQL, beside its floors, as ratios of one run.
 * A PostgreSQL of its own, flushing. Times are medians of rounds that take turns; PostgreSQL's processor time is Linux's own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openOutbox, type Outbox } from "@countinghouse/outbox";
import { migratePostgres, postgresStore } from "@countinghouse/outbox/postgres";
import { Pool, type PoolClient } from "pg";
import { PostgresServer } from "../test/support/postgres/postgres-server.ts";
import { gather } from "../packages/outbox/src/lifecycle/gather.ts";
import { realWorld } from "../packages/outbox/src/world.ts";
import { cpuMsOf, machineOf } from "./machine.ts";

const { values } = parseArgs({
  options: { readings: { type: "string", default: "1000000" }, out: { type: "string" } },
});
const HOUR = Date.UTC(2026, 10, 29, 10);
const METER = { name: "gb", productCode: "prod1", dimension: "gb", per: "1", aggregate: "sum" } as const;

const server = await PostgresServer.make();
const pool = new Pool({ connectionString: server.url(), max: 40 });
pool.on("error", () => undefined);
const store = postgresStore({ pool });

let made = 0;
function nextReading(tenant = `t-${made % 50}`) {
  made += 1;
  const at = new Date(HOUR + (made % 3_600_000));
  // Ids in no order, as they are in life.
  return {
    readingId: `req_${((made * 7_919) % 1_000_003).toString(36)}_${made}`,
    tenant,
    meter: "gb",
    quantity: "1730000.5",
    at,
  };
}

interface Cost {
  readonly wallMs: number;
  readonly databaseCpuMs: number;
}

async function costOf(client: PoolClient, work: () => Promise<void>): Promise<Cost> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const pid = rows[0]?.pid ?? 0;
  const before = [performance.now(), cpuMsOf(pid) ?? Number.NaN] as const;
  await work();
  return { wallMs: performance.now() - before[0], databaseCpuMs: (cpuMsOf(pid) ?? Number.NaN) - before[1] };
}

/** Adds to a seller's transaction: a bare row with a unique id, or a reading. One of each in turn; medians, per row. */
async function recordBesideInsert(outbox: Outbox) {
  await pool.query(
    "CREATE TABLE bare (id text PRIMARY KEY, tenant text NOT NULL, meter text NOT NULL, quantity numeric NOT NULL, at timestamptz NOT NULL)",
  );
  const client = await pool.connect();
  const ways = {
    bare: async () => {
      const { readingId, tenant, meter, quantity, at } = nextReading();
      await client.query("INSERT INTO bare VALUES ($1, $2, $3, $4, $5)", [
        readingId,
        tenant,
        meter,
        quantity,
        at.toISOString(),
      ]);
    },
    record: async () => {
      const { readingId, tenant, meter, quantity, at } = nextReading();
      await client.query("SELECT usage_outbox.record($1, $2, $3, $4, $5)", [
        readingId,
        tenant,
        meter,
        quantity,
        at.toISOString(),
      ]);
    },
    within: async () => {
      await outbox.within(client).record(nextReading());
    },
  };
  const costs: Record<keyof typeof ways, Cost[]> = { bare: [], record: [], within: [] };
  const [TRANSACTIONS, ROWS] = [20, 25];
  for (let round = 0; round < 41; round += 1) {
    for (const name of ["bare", "record", "within"] as const) {
      const cost = await costOf(client, async () => {
        for (let transaction = 0; transaction < TRANSACTIONS; transaction += 1) {
          await client.query("BEGIN");
          for (let row = 0; row < ROWS; row += 1) await ways[name]();
          await client.query("COMMIT");
        }
      });
      if (round > 0) costs[name].push(cost);
    }
  }
  client.release();
  const rows = TRANSACTIONS * ROWS;
  return Object.fromEntries(
    Object.entries(costs).map(([name, all]) => [
      name,
      {
        wallUs: (median(all.map(({ wallMs }) => wallMs)) / rows) * 1000,
        databaseCpuUs: (all.reduce((sum, { databaseCpuMs }) => sum + databaseCpuMs, 0) / all.length / rows) * 1000,
      },
    ]),
  );
}

/** 32 transactions at once, of one customer's hour or of 32 customers: readings a second. */
async function hotHour(outbox: Outbox) {
  const rate = async (tenantOf: (writer: number) => string): Promise<number> => {
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: 32 }, async (_, writer) => {
        const client = await pool.connect();
        for (let transaction = 0; transaction < 20; transaction += 1) {
          await client.query("BEGIN");
          await outbox.within(client).record(nextReading(tenantOf(writer)));
          await client.query("SELECT pg_sleep(0.005)");
          await client.query("COMMIT");
        }
        client.release();
      }),
    );
    return 640 / ((performance.now() - startedAt) / 1000);
  };
  const [one, many]: [number[], number[]] = [[], []];
  for (let round = 0; round < 9; round += 1) {
    one.push(await rate(() => "hot"));
    many.push(await rate((writer) => `cold-${writer}`));
  }
  return { oneCustomer: median(one), thirtyTwoCustomers: median(many) };
}

/** Closes an hour of many readings while somebody goes on recording into it and others; waits of both are told. */
async function freezeAMillion(outbox: Outbox, readings: number, holdSnapshot: boolean) {
  await pool.query("TRUNCATE usage_outbox.reading, usage_outbox.entry, usage_outbox.part, usage_outbox.balance");
  await pool.query(
    `INSERT INTO usage_outbox.reading (hour_ms, at_ms, recorded_ms, reading_id, tenant, meter, quantity, tags)
     SELECT $1::bigint, $1::bigint + n % 3600000, $1::bigint, 'm-' || md5(n::text), 'big', 'gb', 1.5, '[]' FROM generate_series(1, $2::bigint) AS n`,
    [HOUR, readings],
  );
  await pool.query("VACUUM ANALYZE usage_outbox.reading");
  const snapshot = await pool.connect();
  if (holdSnapshot) {
    await snapshot.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await snapshot.query("SELECT count(*) FROM bare");
  }
  const idle = await recordWaits(outbox, () => false, 300);
  const walBefore = await walBytes();
  let isOver = false;
  const startedAt = performance.now();
  const recording = recordWaits(outbox, () => isOver, Number.POSITIVE_INFINITY);
  const slice = { tenant: "big", meter: "gb", hourMs: HOUR, fromMs: HOUR, untilMs: HOUR + 3_600_000 };
  const key = {
    identity: '["account","prod1","111122223333"]',
    meter: METER,
    hourMs: HOUR,
    slices: [slice],
    closesMs: HOUR + 86_400_000,
  };
  const end = await gather(key, { transact: store.transact.bind(store), world: realWorld });
  const seconds = (performance.now() - startedAt) / 1000;
  isOver = true;
  const during = await recording;
  const wal = (await walBytes()) - walBefore;
  if (holdSnapshot) await snapshot.query("COMMIT");
  snapshot.release();
  const { rows } = await pool.query<{ dead: string }>(
    "SELECT n_dead_tup AS dead FROM pg_stat_user_tables WHERE schemaname = 'usage_outbox' AND relname = 'reading'",
  );
  const [entry] = await store.entries({});
  if (end !== "frozen" || (entry?.readings ?? 0) < readings) throw new Error("The hour was not closed whole.");
  return {
    snapshotHeld: holdSnapshot,
    seconds,
    readingsPerSecond: readings / seconds,
    walBytesPerReading: wal / readings,
    deadRowsPerReading: Number(rows[0]?.dead) / readings,
    recordMs: { idle, during },
  };
}

async function recordWaits(outbox: Outbox, isOver: () => boolean, count: number) {
  const waits: number[] = [];
  while (!isOver() && waits.length < count) {
    const startedAt = performance.now();
    await outbox.record(nextReading("other"));
    waits.push(performance.now() - startedAt);
  }
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { calls: waits.length, median: at(0.5), p99: at(0.99), longest: at(1) };
}

async function walBytes(): Promise<number> {
  const { rows } = await pool.query<{ at: string }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS at");
  return Number(rows[0]?.at);
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

try {
  await migratePostgres(pool);
  const outbox = await openOutbox({ name: "bench", store, meters: { gb: METER } });
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
  const { rows } = await pool.query<{ version: string }>("SELECT version()");
  const readings = Number(values.readings);
  const rowCosts = await recordBesideInsert(outbox);
  const { bare, record, within } = rowCosts as Record<string, { wallUs: number; databaseCpuUs: number }>;
  const hot = await hotHour(outbox);
  const result = {
    machine: machineOf(folder),
    load: execFileSync("cat", ["/proc/loadavg"]).toString().trim(),
    postgres: rows[0]?.version,
    inTheSellersTransaction: {
      ...rowCosts,
      recordToInsert: (record?.wallUs ?? 0) / (bare?.wallUs ?? 1),
      withinToInsert: (within?.wallUs ?? 0) / (bare?.wallUs ?? 1),
      aim: 1.2,
    },
    hotHour: { ...hot, ratio: hot.oneCustomer / hot.thirtyTwoCustomers, aim: 0.95 },
    freezing: [await freezeAMillion(outbox, readings, false), await freezeAMillion(outbox, readings, true)],
  };
  const text = JSON.stringify(result, null, 2);
  console.log(text);
  if (values.out !== undefined) writeFileSync(values.out, `${text}\n`);
  await outbox.close();
} finally {
  await pool.end();
  await server.remove();
}
