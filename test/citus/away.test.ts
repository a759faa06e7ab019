/** A machine of a cluster is away: what lies there cannot be committed, and everything else can. */
import { afterAll, beforeEach, describe, expect, onTestFinished } from "vitest";
import { START_MS } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { keptIds, meter, sent, type Metered, type Sent } from "../../packages/server/testing/contract/works.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import type { PostgresLedger } from "../../packages/server/src/stores/postgres/postgres-ledger.ts";
import { shardKeyOf } from "../../packages/server/src/stores/postgres/keys.ts";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { UnansweredError } from "../../packages/server/src/stores/postgres/trouble.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { CitusDatabases, testOfCitus, type CitusDatabase } from "../support/postgres/citus.ts";
import type { LedgerEvent } from "../../packages/server/src/ledger/entry.ts";
import type { Work } from "../../packages/server/src/ledger/ledger.ts";
import type { MachineTrouble } from "../support/postgres/machine-proxy.ts";

const test = testOfCitus();

const databases = new CitusDatabases();
afterAll(() => databases.remove());

let database: CitusDatabase;
let ledger: PostgresLedger;
/** Products whose rows lie on the first worker, and on the second. */
let [away, here]: readonly [readonly string[], readonly string[]] = [[], []];

beforeEach(async () => {
  database = await databases.take();
  onTestFinished(() => databases.giveBack(database));
  ({ ledger } = await openAt(database.url, { wallMs: () => START_MS }, { lanes: 4 }));
  onTestFinished(() => ledger.close());
  [away, here] = (await Promise.all(database.workers.map(({ proxy }) => productsAt(proxy.port)))) as [
    string[],
    string[],
  ];
});

async function productsAt(port: number): Promise<readonly string[]> {
  const products = Array.from({ length: 40 }, (_, i) => `product-${i}`);
  const values = products.map((name) => `('${name}', ${shardKeyOf(name)}::bigint)`).join(", ");
  const rows = await database.query(`SELECT name FROM (VALUES ${values}) AS k (name, shard_key)
    JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('countinghouse.entry', k.shard_key)
    JOIN pg_dist_node n USING (groupid) WHERE n.nodeport = ${port}`);
  return rows.map(({ name }) => String(name));
}

let dimension = 0;

function use(offering: string): Promise<Metered[]> {
  dimension += 1;
  return ledger.transact(meterOf(offering, [sent({ dimension: `${dimension}` }, { offering })]));
}

/** Says in the event, too, which product it is. */
function meterOf(productCode: string, records: readonly Sent[]): Work<Metered[]> {
  const work = meter(records);
  const decide: typeof work.decide = (facts) => {
    const decision = work.decide(facts);
    return { ...decision, event: { ...decision.event, productCode } as LedgerEvent };
  };
  return { ...work, decide };
}

async function useAll(): Promise<void> {
  await Promise.all([...away, ...here].map(use));
}

describe.each<MachineTrouble>(["refusing", "silent"])("a machine that is %s", (trouble) => {
  test("stops its own products, and no others; it comes back by itself", async () => {
    await useAll();
    const [worker] = database.workers;
    await worker?.proxy.begin(trouble);
    let settled = 0;
    const waiting = away.map((offering) =>
      use(offering).then(
        () => "committed",
        (error: unknown) => error,
      ),
    );
    for (const one of waiting) void one.then(() => (settled += 1));
    for (const offering of here) await use(offering);
    // Half of the connections at most wait for the machine, or the others' work would have waited for theirs to end.
    if (trouble === "silent") expect(settled).toBeLessThan(away.length);
    const outcomes = await Promise.all(waiting);
    expect(outcomes.filter((outcome) => outcome === "committed")).toEqual([]);
    await expect(use(away[0] as string)).rejects.toThrow(UnansweredError);
    expect(ledger.partlyUnavailable.join()).toContain("does not answer");
    await worker?.proxy.end();
    for (const offering of away) {
      await expect
        .poll(
          () =>
            use(offering).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
    }
    expect(ledger.defect).toBeUndefined();
    await database.query("SELECT recover_prepared_transactions()");
    await expect
      .poll(() => keptIds(ledger).then((ids) => ids.length), { timeout: 20_000 })
      .toBeGreaterThan(away.length + here.length);
    expect(await verifyAt(database.url, realWorld)).toMatchObject({ disagreement: undefined });
  });
});
