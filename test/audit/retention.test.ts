/** Retention: what is older than it is to be kept goes, says so, and leaves a whole chain behind. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { verify } from "../../packages/server/src/stores/sqlite/verification/verify.ts";
import { meteringRecords, moveClock } from "../support/operator-api.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";

/** Meters twenty dimensions and customers at a time; answers the request's id. */
async function meter(server: RunningServer, at: string): Promise<string> {
  const client = officialClient(server.endpoint);
  const UsageRecords = DEMO.customers.flatMap((CustomerIdentifier) =>
    DEMO.dimensions.map((Dimension) => ({ Timestamp: new Date(at), CustomerIdentifier, Dimension, Quantity: 1 })),
  );
  const { $metadata } = await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  client.destroy();
  return $metadata.requestId ?? "";
}

const explained = async (server: RunningServer, id: string): Promise<number> =>
  (await server.operator("GET", `/requests/${id}/explanation`)).status;
const isIntact = async (server: RunningServer): Promise<unknown> =>
  ((await server.operator("GET", "/audit-verification")).body as { intact: boolean }).intact;

test("S7: calls and records older than the retention go; the rest is found, and the chain is whole", async () => {
  const data = join(newFolder(), "data");
  const flags = ["--store", `sqlite:${data}`, "--retention-days", "90"];
  const report = (month: string): ReturnType<typeof runCommand> =>
    runCommand(["report", "usage-by-instance-type", "--month", month, "--data", data]);
  const first = await start([...flags, "--clock", "manual:2026-01-01T00:00:00Z"]);
  const january = await meter(first, "2026-01-01T00:00:00Z");
  await moveClock(first, { now: "2026-02-15T00:00:00Z" });
  const reported = await report("2026-01");
  const february = await meter(first, "2026-02-15T00:00:00Z");
  await moveClock(first, { now: "2026-03-31T23:59:59Z" });
  expect(await explained(first, january)).toBe(200);
  await moveClock(first, { now: "2026-04-01T01:00:00Z" });

  expect(await explained(first, january)).toBe(404);
  expect(await explained(first, february)).toBe(200);
  const kept = await meteringRecords(first);
  expect(new Set(kept.map(({ hour }) => hour))).toEqual(new Set(["2026-02-15T00:00:00.000Z"]));
  expect(await isIntact(first)).toBe(true);
  const searched = await runCommand(["audit", "search", "--data", data]);
  expect(searched).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Events before 2026-02-1.* have expired/) as string,
  });
  const recent = await runCommand(["audit", "export", "--to", "-", "--from", "2026-03-01", "--data", data]);
  expect(recent).toMatchObject({ code: 0, stderr: "" });
  // What has expired stays in the report of its month.
  expect(reported.stdout.trimEnd().split("\r\n").length).toBeGreaterThan(1);
  expect(await report("2026-01")).toEqual(reported);
  await first.kill();
  // Also where it has to be added up anew.
  for (const name of ["sums.db", "sums.db-wal", "sums.db-shm"]) rmSync(join(data, name), { force: true });

  expect(verify(data)).toMatchObject({ meteringRecords: kept.length, disagreement: undefined });
  const second = await start([...flags, "--clock", "manual"]);
  expect(await isIntact(second)).toBe(true);
  expect(await report("2026-01")).toEqual(reported);
  await meter(second, "2026-04-01T01:00:00Z");
  await moveClock(second, { now: "2026-12-01T00:00:00Z" });
  expect(await meteringRecords(second)).toEqual([]);
  expect(await isIntact(second)).toBe(true);
  await second.stop();
  expect(verify(data)).toMatchObject({ meteringRecords: 0, disagreement: undefined });
});

test("what is removed is said in the ledger, with its number and the link that the chain goes on from", async () => {
  const data = join(newFolder(), "data");
  const server = await start([
    "--store",
    `sqlite:${data}`,
    "--retention-days",
    "90",
    "--clock",
    "manual:2026-01-01T00:00:00Z",
  ]);
  for (let i = 0; i < 5; i += 1) await meter(server, "2026-01-01T00:00:00Z");
  await moveClock(server, { now: "2027-01-01T00:00:00Z" });
  await server.stop();
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(join(data, "ledger.sqlite"), { readOnly: true });
  const bodies = db.prepare("SELECT body FROM entry WHERE body LIKE '%entries-expired%'").all();
  const first = Number(db.prepare("SELECT min(seq) AS first FROM entry").get()?.["first"]);
  db.close();
  const events = bodies.map(
    ({ body }) => (JSON.parse(String(body)) as { event: { count: number; through: object } }).event,
  );
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    count: first - 1,
    through: { seq: first - 1, link: expect.any(String) as string },
  });
});

test("a retention that is too short, or of a ledger that does not last, is refused", async () => {
  for (const [flags, text] of [
    [["--retention-days", "89"], "--retention-days must be a whole number from 90"],
    [["--retention-days", "100", "--store", "memory:"], "--retention-days is for a store that lasts"],
  ] as const) {
    const ran = await runCommand(["serve", "--port", "0", ...flags]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(text);
  }
});
