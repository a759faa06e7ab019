/** More cells than an answer has: the refusal names what can be asked for instead, on every store that keeps sums in tables. */
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { MADE_MS_MAX, largeLedger } from "../support/large-ledger.ts";
import { newDatabase, nodeArgs, OPERATOR_TOKEN, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, temporaryFolder, type RunningServer } from "../support/server.ts";

/** Of 25 records each, all of other hours or customers: 52,500 cells by hour and customer, of 105 customers. */
const ENTRIES = 2_100;
const CLOCK = ["--clock", "offset:2026-03-15T00:00:00Z"];

const folder = temporaryFolder();
const data = join(folder.path, "data");
beforeAll(async () => {
  await largeLedger(data, ENTRIES);
  return () => folder.remove();
}, MADE_MS_MAX);

const usage = (server: RunningServer, groupBy: string): Promise<OperatorAnswer> =>
  callOperator(server, "GET", `/usage?from=2026-02-01T00:00:00Z&to=2026-04-01T00:00:00Z&groupBy=${groupBy}`);

async function refusesAndAnswers(server: RunningServer): Promise<void> {
  const refused = await usage(server, "hour,customer");
  expectProblem(
    refused,
    422,
    /^The answer has more than 50000 cells\. Group by day instead of hour, or ask for a shorter time\.$/,
  );
  const { status, json, text } = await usage(server, "day,customer");
  expect(status, text.slice(0, 500)).toBe(200);
  const { items } = json as { items: { units: string }[] };
  expect(items.length).toBeGreaterThan(105);
  expect(items.reduce((sum, { units }) => sum + Number(units), 0)).toBe(25 * ENTRIES);
}

// First, since the ledger that is copied must not be served.
testOfPostgres()("over PostgreSQL", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const copy = ["store", "copy", "--from", `sqlite:${data}`];
  expect(await runCommand(copy, { COUNTINGHOUSE_COPY_TO: database.url })).toMatchObject({ code: 0 });
  const server = await start([...nodeArgs(database.url, newFolder()), "--lab", ...CLOCK]);
  expect(server.operatorToken).toBe(OPERATOR_TOKEN);
  await refusesAndAnswers(server);
});

test("over SQLite", async () => {
  await refusesAndAnswers(await start(["--store", `sqlite:${data}`, ...CLOCK]));
});
