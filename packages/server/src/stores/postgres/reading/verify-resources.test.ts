/** A resource that is found by what it is not, or not when it is due, is told of. */
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../../../test/support/postgres/database.ts";
import { HOURLY_CONTAINER, resource } from "../../../../testing/container-market.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";
import { openMarket, register } from "../../../../testing/resource-calls.ts";
import { realWorld } from "../../../world.ts";
import { verifyAt } from "../verify-ledger.ts";

const test = testOfPostgres();
const TASK = resource("ecs", { startedAtMs: START_MS });

test("verification finds each column of a resource that is not the resource's own", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
  onTestFinished(() => ledger.close());
  await openMarket(ledger, TASK, resource("eks", { startedAtMs: START_MS, stoppedAtMs: START_MS + 1 }));
  await register(ledger, TASK);
  const disagreement = async (): Promise<string | undefined> => (await verifyAt(database.url, realWorld)).disagreement;
  expect(await disagreement()).toBeUndefined();
  const kept = "CREATE TABLE countinghouse.kept AS SELECT * FROM countinghouse.resource";
  await database.query(kept);
  for (const [change, found] of [
    ["platform = 'ec2'", "the platform ec2, and not ecs"],
    ["account = '000000000000'", `the accountId 000000000000, and not ${TASK.accountId}`],
    ["products = '[]'", `the productCodes , and not ${HOURLY_CONTAINER}`],
    ["stopped_at_ms = 1", "the stoppedAtMs 1, and not none"],
    ["due_at_ms = NULL", "the dueAtMs none, and not "],
    ["value = '{'", "cannot be read"],
  ] as const) {
    await database.query(`UPDATE countinghouse.resource SET ${change} WHERE id = '${TASK.resourceId}'`);
    expect(await disagreement()).toContain(`Resource ${TASK.resourceId} `);
    expect(await disagreement()).toContain(found);
    await database.query(
      "DELETE FROM countinghouse.resource; INSERT INTO countinghouse.resource SELECT * FROM countinghouse.kept",
    );
  }
});
