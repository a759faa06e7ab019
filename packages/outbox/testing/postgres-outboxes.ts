/** Outboxes in one database for a test file, each in a schema of its own. */
import { Pool } from "pg";
import { newDatabase } from "../../../test/support/postgres/database.ts";
import { migratePostgres } from "../src/stores/postgres/schema/migrate.ts";
import { postgresStore } from "../src/stores/postgres/postgres-store.ts";
import { METERS, NOW, type StoreUnderTest } from "./contract/store-under-test.ts";

export interface OutboxInPostgres extends StoreUnderTest {
  readonly store: ReturnType<typeof postgresStore>;
  readonly pool: Pool;
  readonly schema: string;
}

export interface OutboxesInPostgres {
  readonly url: string;
  make(): Promise<OutboxInPostgres>;
  /** The same, used as a role that has no right but those of a worker. */
  makeForWorker(): Promise<OutboxInPostgres>;
  /** One that nobody has opened yet: it has no name and no meters. */
  bare(): Promise<Pick<OutboxInPostgres, "store" | "remove">>;
  /** Ends with the others. */
  pool(settings?: ConstructorParameters<typeof Pool>[0]): Pool;
  remove(): Promise<void>;
}

/** Making a schema anew takes ten times as long. */
const EMPTY = `TRUNCATE @.store, @.meter, @.binding, @.reading, @.ended_total, @.set_aside, @.entry, @.part, @.attempt, @.balance,
  @.alarm, @.pace`;

export async function outboxesInPostgres(): Promise<OutboxesInPostgres> {
  const database = await newDatabase();
  const pools: Pool[] = [];
  const newPool = (settings: ConstructorParameters<typeof Pool>[0] = {}): Pool => {
    const pool = new Pool({ connectionString: database.url, max: 10, ...settings });
    // The database goes while connections are there.
    pool.on("error", () => undefined);
    pools.push(pool);
    return pool;
  };
  const pool = newPool();
  // Roles belong to the whole server, and several databases of tests live there side by side.
  const worker = `worker_of_${new URL(database.url).pathname.slice(1)}`;
  let workerPool: Pool | undefined;
  const poolOfWorker = async (): Promise<Pool> => {
    if (workerPool !== undefined) return workerPool;
    await pool.query(`CREATE ROLE "${worker}" LOGIN`);
    const url = new URL(database.url);
    url.username = worker;
    return (workerPool = newPool({ connectionString: url.toString() }));
  };
  let made = 0;
  const free: string[] = [];
  const freeSchema = async (): Promise<string> => {
    const known = free.pop();
    if (known !== undefined) return known;
    const schema = `outbox_${(made += 1)}`;
    await migratePostgres(pool, { schema });
    return schema;
  };
  const removal = (schema: string) => async (): Promise<void> => {
    await pool.query(EMPTY.replaceAll("@", schema));
    free.push(schema);
  };
  const opened = async (schema: string, used: Pool): Promise<OutboxInPostgres> => {
    const open = async () => {
      const store = postgresStore({ pool: used, schema });
      await store.open("contract", NOW);
      return store;
    };
    const store = await open();
    await store.transact((transaction) => transaction.addMeters(METERS));
    return { store, pool: used, schema, another: open, remove: removal(schema) };
  };
  return {
    url: database.url,
    pool: newPool,
    bare: async () => {
      const schema = await freeSchema();
      const store = postgresStore({ pool, schema });
      // On a busy machine counting takes long, and what was counted would be used again for a while.
      const summary = () => postgresStore({ pool, schema }).summary();
      return { store: Object.assign(store, { summary }), remove: removal(schema) };
    },
    make: async () => opened(await freeSchema(), pool),
    makeForWorker: async () => {
      const used = await poolOfWorker();
      const schema = await freeSchema();
      await migratePostgres(pool, { schema, workers: [worker] });
      return opened(schema, used);
    },
    remove: async () => {
      if (workerPool !== undefined) await pool.query(`DROP OWNED BY "${worker}"; DROP ROLE "${worker}"`);
      await Promise.all(pools.map((one) => one.end()));
      await database.remove();
    },
  };
}
