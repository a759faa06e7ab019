/** Which errors are which trouble, and what a node answers about them when it is asked whether it is ready. */
import { expect, onTestFinished, test as anyTest } from "vitest";
import { CuttingProxy } from "../../../../../test/support/postgres/cutting-proxy.ts";
import { newDatabase, testOfPostgres } from "../../../../../test/support/postgres/database.ts";
import { meter, sent } from "../../../testing/contract/works.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import { troubleOf } from "./trouble.ts";

const test = testOfPostgres();

test("that it cannot be reached does not say where it is", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const { proxy, url } = await CuttingProxy.before(database.url);
  const { ledger } = await openAt(url, {}, { lanes: 1 });
  onTestFinished(() => ledger.close());
  await ledger.transact(meter([sent()]));
  proxy.close();
  const failed = await ledger.transact(meter([sent({ dimension: "seats" })])).then(
    () => new Error("Nothing failed."),
    (error: Error) => error,
  );
  const folder = new URL(url).searchParams.get("host") ?? "";
  expect([failed.message, ...ledger.partlyUnavailable].join("\n")).not.toContain(folder);
  expect(ledger.partlyUnavailable).toEqual([
    expect.stringMatching(/^usage of \w+ could not be committed: .*the database cannot be reached/),
  ]);
  expect(failed).toMatchObject({ cause: { message: expect.stringContaining(folder) as string } });
});

anyTest.each([
  ["EPIPE", "lost"],
  ["ECONNRESET", "lost"],
  [undefined, "lost"],
  ["08006", "lost"],
  ["40P01", "contended"],
  ["XX001", "damaged"],
  ["P0001", "failed"],
  ["HV00A", "failed"],
])("an error with the code %s is %s", (code, trouble) => {
  expect(troubleOf(Object.assign(new Error(), { code }))).toBe(trouble);
});
