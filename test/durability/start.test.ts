/** What a server refuses to start with, how it says so, and that it leaves the ledger as it was. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, usageAt } from "../support/load.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, runCommand, type RunningServer } from "../support/server.ts";
import { wrongClock } from "../support/wrong-clock.ts";

/** What `serve` says and ends with. */
async function refused(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<[number, string]> {
  const { code, stderr } = await runCommand(["serve", "--port", "0", ...args], env);
  return [code ?? -1, stderr];
}

interface Clock {
  readonly mode: string;
  readonly now: string;
}

async function clockOf(server: RunningServer): Promise<Clock> {
  return (await server.operator("GET", "/clock")).body as Clock;
}

test("a ledger of a newer version is refused, and left as it was to the byte", async () => {
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  const file = join(path, "data", "ledger.sqlite");
  const book = new Book();
  const server = await start(args);
  const connection = new Connection(server.endpoint);
  await meterInBook(connection, [usageAt(0)], book);
  connection.close();
  expect(await server.stop()).toBe(0);

  const version = setVersion(file, 99);
  const before = readFileSync(file);
  expect(await refused(args)).toEqual([
    1,
    `countinghouse: The ledger has schema version 99; this server knows versions up to ${version}. It was written by a newer server: use that one, or a later one.\n`,
  ]);
  expect(readFileSync(file).equals(before)).toBe(true);

  setVersion(file, version);
  expect(book.compare(await keptBy(await start(args)))).toEqual(NO_DIFFERENCES);
});

test("a clock that is behind the newest entry is refused; a movable one goes on where it stood, however it ended", async () => {
  const store = ["--store", `sqlite:${newFolder()}`];
  const first = await start([...store, "--clock", "manual:2099-01-01T00:00:00Z"]);
  await first.kill();

  const behind =
    "Time does not run backwards: a lab goes on with --clock manual or --clock offset; where the entry was written by a clock that was wrong, --accept-newest-entry-ahead goes on by the right one.";
  for (const clock of ["system", "manual:2098-12-31T23:59:59Z", "offset:2098-12-31T00:00:00Z"]) {
    const [code, text] = await refused([...store, "--clock", clock]);
    expect(code).toBe(1);
    expect(text).toContain(`countinghouse: The ${clock.split(":")[0]} clock says `);
    expect(text).toContain(`but the newest ledger entry is of 2099-01-01T00:00:00.000Z. ${behind}`);
  }

  const manual = await start([...store, "--clock", "manual"]);
  expect(await clockOf(manual)).toEqual({ mode: "manual", now: "2099-01-01T00:00:00.000Z" });
  await manual.operator("PUT", "/clock", { advanceSeconds: 3_600 });
  await manual.kill();
  const later = await start([...store, "--clock", "manual"]);
  expect(await clockOf(later)).toEqual({ mode: "manual", now: "2099-01-01T01:00:00.000Z" });
  const back = await later.operator("PUT", "/clock", { now: "2099-01-01T00:59:59Z" });
  expect(back.status).toBe(409);
  await later.kill();

  const offset = await start([...store, "--clock", "offset"]);
  expect((await clockOf(offset)).mode).toBe("offset");
  const aheadMs = Date.parse((await clockOf(offset)).now) - Date.now();
  expect(aheadMs + Date.now()).toBeGreaterThanOrEqual(Date.parse("2099-01-01T01:00:00Z"));
  await offset.operator("PUT", "/clock", { advanceSeconds: 7_200 });
  await offset.kill();
  const ticking = await start([...store, "--clock", "offset"]);
  const stillAheadMs = Date.parse((await clockOf(ticking)).now) - Date.now();
  expect(Math.abs(stillAheadMs - aheadMs - 7_200_000), "it ticked while no server ran").toBeLessThan(2_000);
  expect(await ticking.stop()).toBe(0);

  const [code, text] = await refused([...store, "--clock", "system"]);
  expect([code, text.includes("Time does not run backwards")]).toEqual([1, true]);
});

test("entries that a wrong clock wrote: a start that accepts them goes by the right one, and says so in the trail", async () => {
  const folder = newFolder();
  const store = ["--store", `sqlite:${folder}`];
  const wrong = await start(store, wrongClock(400 * 86_400_000));
  expect(await wrong.stop()).toBe(0);
  expect((await refused(store))[1]).toContain("Time does not run backwards");

  const server = await start([...store, "--accept-newest-entry-ahead"]);
  const records = [{ Timestamp: Date.now() / 1000, CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" }];
  const input = { ProductCode: DEMO.productCode, UsageRecords: records };
  const answer = await send(server.endpoint, signed(wireRequest(server.endpoint, "BatchMeterUsage", input)));
  expect(jsonOf(answer)).toMatchObject({ Results: [{ Status: "Success" }] });
  const { items } = (await server.operator("GET", "/audit-events")).body as { items: { eventTime: string }[] };
  const [metered, accepted] = items;
  expect(accepted).toMatchObject({ eventName: "AcceptNewestEntryAhead" });
  expect(metered).toMatchObject({ eventName: "BatchMeterUsage", eventTime: accepted?.eventTime });
  expect(Date.parse(metered?.eventTime ?? "")).toBeGreaterThan(Date.now() + 399 * 86_400_000);
  expect(await runCommand(["audit", "verify", "--data", folder])).toMatchObject({ code: 0 });
  expect(await server.stop()).toBe(0);
  expect(await runCommand(["store", "verify", "--store", `sqlite:${folder}`])).toMatchObject({ code: 0 });
});

test("movable clocks are for a lab", async () => {
  const memory = ["--store", "memory:"];
  const text = "is for a lab: bind to loopback, or start with --lab.\n";
  for (const mode of ["manual", "offset"]) {
    const said = [2, `countinghouse: --clock ${mode} ${text}`];
    expect(await refused([...memory, "--no-lab", "--clock", mode])).toEqual(said);
    expect(await refused([...memory, "--clock", mode], { COUNTINGHOUSE_LAB: "off" })).toEqual(said);
  }
  expect(await refused(["--store", "memory:", "--host", "0.0.0.0", "--demo-on-network", "--clock", "manual"])).toEqual([
    2,
    `countinghouse: --clock manual ${text}`,
  ]);
});

test("the demo catalogue, whose keys are published, is not served on a network unless that is said", async () => {
  const network = ["--store", "memory:", "--host", "0.0.0.0"];
  const [code, text] = await refused(network);
  expect(code).toBe(2);
  expect(text).toBe(
    "countinghouse: The demo catalogue's keys are published, so it is not served on 0.0.0.0: give --catalog FILE, or --demo-on-network if you mean it.\n",
  );
  for (const server of [
    await start([...network, "--demo-on-network"]),
    await start(["--store", "memory:"], { COUNTINGHOUSE_HOST: "0.0.0.0", COUNTINGHOUSE_DEMO_ON_NETWORK: "yes" }),
  ]) {
    expect(server.endpoint).toMatch(/^http:\/\/0\.0\.0\.0:/);
    expect((await server.operator("POST", "/reset")).status, "no lab there, unless asked for").toBe(403);
  }
  // With a catalogue of one's own there is nothing to be asked.
  const path = newFolder();
  const [, , ...catalogue] = loadServerArgs(path, "");
  expect(await (await start([...network, ...catalogue, "--lab"])).stop()).toBe(0);
});

test("what is in the environment holds, and a flag wins over it", async () => {
  const path = newFolder();
  const env = {
    COUNTINGHOUSE_PORT: "1",
    COUNTINGHOUSE_STORE: `sqlite:${path}`,
    COUNTINGHOUSE_RULES: "current",
    COUNTINGHOUSE_CLOCK: "manual:2099-01-01T00:00:00Z",
    COUNTINGHOUSE_OPERATOR_TOKEN: "token-of-the-environment",
  };
  const server = await start(["--rules", "classic", "--operator-token", "token-of-the-flag"], env);
  expect(server.operatorToken).toBe("token-of-the-flag");
  expect(await clockOf(server)).toEqual({ mode: "manual", now: "2099-01-01T00:00:00.000Z" });
  await expect.poll(() => server.output(), { timeout: 20_000 }).toContain("rules           classic");
  await expect.poll(() => server.output(), { timeout: 20_000 }).toContain(`ledger          ${path}`);
  await server.kill();
  const other = await start([], env);
  expect(other.operatorToken).toBe("token-of-the-environment");
  await expect.poll(() => other.output(), { timeout: 20_000 }).toContain("rules           current");
  await other.kill();
  expect(await (await start(["--lab"], { ...env, COUNTINGHOUSE_LAB: "off" })).stop()).toBe(0);

  expect(await refused([], { ...env, COUNTINGHOUSE_LAB: "perhaps" })).toEqual([
    2,
    "countinghouse: COUNTINGHOUSE_LAB must be on or off; got perhaps.\n",
  ]);
});

/** Answers the version that was there. */
function setVersion(file: string, version: number): number {
  const db = new DatabaseSync(file);
  const before = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  db.exec(`PRAGMA user_version = ${version}`);
  db.close();
  return before;
}
