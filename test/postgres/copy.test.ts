/** `store copy`: a ledger that was kept in a file is served from PostgreSQL, with everything that was ever said of it. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { loadCatalogueArgs, loadServerArgs, settle, startLoad, Workload } from "../support/load.ts";
import { add, meteringRecords, moveClock } from "../support/operator-api.ts";
import {
  newDatabase,
  nodeArgs,
  OPERATOR_TOKEN,
  testOfPostgres,
  type TestDatabase,
} from "../support/postgres/database.ts";
import { seededRandom } from "../support/random.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";

const test = testOfPostgres();

const NOW = "2026-07-20T12:30:00.000Z";

async function database(): Promise<TestDatabase> {
  const made = await newDatabase();
  onTestFinished(() => made.remove());
  return made;
}

const copy = (data: string, to: string, ...more: readonly string[]): ReturnType<typeof runCommand> =>
  runCommand(["store", "copy", "--from", `sqlite:${data}`, ...more], { COUNTINGHOUSE_COPY_TO: to });

async function meter({ endpoint }: RunningServer, quantity: number, at: string = NOW): Promise<string[]> {
  const client = officialClient(endpoint);
  try {
    const UsageRecords = ["gb_ingested", "seats"].map((Dimension) => ({
      Timestamp: new Date(at),
      CustomerIdentifier: "demoCustomer1",
      Dimension,
      Quantity: quantity,
    }));
    const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords });
    const { Results = [] } = await client.send(command);
    return Results.map(({ Status, MeteringRecordId }) => `${Status} ${MeteringRecordId}`);
  } finally {
    client.destroy();
  }
}

const audit = ({ operatorUrl }: RunningServer): ReturnType<typeof runCommand> =>
  runCommand(["audit", "verify", "--operator-url", operatorUrl, "--operator-token", OPERATOR_TOKEN, "--json"]);

test("all that was kept is found under the same ids, and what was sent is a replay (Rules K2, K3, K4)", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const random = seededRandom("copy");
  const book = new Book();
  const source = await start(loadServerArgs(folder, data));
  const load = startLoad(source.endpoint, 4, new Workload(random, book), book);
  await expect.poll(() => book.records, { timeout: 20_000 }).toBeGreaterThan(3_000);
  await load.stop();
  const before = await keptBy(source);
  expect(await copy(data, "postgres://nowhere/")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/in use/) as string,
  });
  expect(await source.stop()).toBe(0);

  const { url } = await database();
  const copied = await copy(data, url, "--json");
  expect(copied, copied.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(copied.stdout)).toMatchObject({ meteringRecords: before.length, head: { lane: "embedded" } });
  expect(copied.stdout).toMatch(/secrets\.key/);

  copyFileSync(join(data, "secrets.key"), join(folder, "secrets.key"));
  const node = await start([...loadCatalogueArgs(folder), ...nodeArgs(url, folder)]);
  const after = await keptBy(node);
  expect(after.toSorted(byId)).toEqual(before.toSorted(byId));
  await settle(node.endpoint, random, book, 20);
  expect(book.compare(await keptBy(node))).toEqual(NO_DIFFERENCES);
});

test("checkpoints of before hold for it, with clock, catalogue, expiry and all", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const flags = ["--retention-days", "90", "--clock"];
  const source = await start(["--store", `sqlite:${data}`, ...flags, "manual:2026-01-01T00:00:00Z"]);
  await meter(source, 1, "2026-01-01T00:00:00Z");
  await moveClock(source, { now: "2026-07-20T12:30:00Z" });
  const answers = await meter(source, 5);
  await add(source, "/accounts", { id: "999988887777" });
  const listed = await meteringRecords(source);
  expect(listed).toHaveLength(2);
  expect(await source.stop()).toBe(0);

  const { url, ...target } = await database();
  expect(await copy(data, url)).toMatchObject({ code: 0, stdout: expect.stringMatching(/secrets\.key/) as string });
  for (const file of ["secrets.key", "checkpoints.jsonl"]) copyFileSync(join(data, file), join(folder, file));
  const args = [...nodeArgs(url, folder), ...flags, "manual", "--checkpoint-file", join(folder, "checkpoints.jsonl")];
  const node = await start(args);
  // Each store has an order of its own within an hour.
  const relisted = [...(await meteringRecords(node))];
  expect(relisted).toHaveLength(listed.length);
  expect(relisted).toEqual(expect.arrayContaining([...listed]));
  expect(await meter(node, 5)).toEqual(answers);
  expect((await meter(node, 6)).map((answer) => answer.split(" ")[0])).toEqual(["DuplicateRecord", "DuplicateRecord"]);
  expect((await node.operator("GET", "/accounts/999988887777")).status).toBe(200);
  const events = (await node.operator("GET", "/audit-events")).body as { keptSince?: string };
  expect(events.keptSince).toMatch(/^2026-07-20/);
  const verified = await audit(node);
  expect(JSON.parse(verified.stdout)).toMatchObject({ intact: true, heads: [{ lane: "embedded" }, { lane: "1" }] });

  // Nobody writes to the copied lane, and its old end goes as any other's does.
  await moveClock(node, { now: "2026-12-01T00:00:00Z" });
  expect(await meteringRecords(node)).toEqual([]);
  expect(await audit(node)).toMatchObject({ code: 0 });
  const lanes = await target.query("SELECT seq = base_seq AS expired FROM countinghouse.lane WHERE number = 0");
  expect(lanes).toEqual([{ expired: true }]);

  // The checkpoints do know what was copied: what is changed in it is found.
  await node.stop();
  await target.query("UPDATE countinghouse.lane SET base_seq = 1, seq = 1 WHERE number = 0");
  const after = await start(args);
  expect(await audit(after)).toMatchObject({ code: 1, stderr: expect.stringMatching(/Lane embedded: /) as string });
});

test("a copy that was interrupted is served by nobody, until it is made again", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const source = await start(["--store", `sqlite:${data}`, "--clock", `manual:${NOW}`]);
  await meter(source, 5);
  await source.stop();
  copyFileSync(join(data, "secrets.key"), join(folder, "secrets.key"));

  const { url, ...target } = await database();
  expect(await runCommand(["store", "migrate", "--store", url])).toMatchObject({ code: 0 });
  // Somebody has a copy's way barred in the middle: as good as a cut connection, and it happens every time.
  await target.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON countinghouse.metering_record EXECUTE FUNCTION refuse()`,
  );
  expect(await copy(data, url)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/no room.*--again/) as string,
  });
  await target.query("DROP FUNCTION refuse CASCADE");

  const served = await runCommand(["serve", "--port", "0", ...nodeArgs(url, folder)]);
  expect(served).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is being copied into this one, or was/) as string,
  });
  expect(await copy(data, url)).toMatchObject({ code: 1, stderr: expect.stringMatching(/--again/) as string });
  expect(await copy(data, url, "--again")).toMatchObject({ code: 0 });
  const node = await start([...nodeArgs(url, folder), "--clock", "manual"]);
  expect(await meteringRecords(node)).toHaveLength(2);
  expect(await copy(data, url, "--again")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/holds a ledger already/) as string,
  });
});

test("a copy is refused where it cannot be told from where to where", async () => {
  const folder = newFolder();
  expect(await copy(folder, "postgres://nowhere/")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no ledger/) as string,
  });
  expect(await copy(folder, "mysql://user:secret-word@db/")).toMatchObject({
    code: 2,
    stderr: expect.not.stringContaining("secret-word") as string,
  });
});

const byId = (one: { readonly id: string }, other: { readonly id: string }): number => (one.id < other.id ? -1 : 1);
