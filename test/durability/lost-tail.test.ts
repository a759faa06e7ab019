/**
 * A log that was damaged, cut or lost: the start is refused, the verification says so, and what is missing is told. And what only
 * looks like it: a server that was killed at any moment starts.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, startLoad, usageAt, Workload } from "../support/load.ts";
import { randomFrom, seededRandom } from "../support/random.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, spawnServer, startServer, temporaryFolder } from "../support/server.ts";

const CALLS = 150;
const folder = temporaryFolder();
/** The data folder of a server that was killed, its log whole. */
const killed = join(folder.path, "killed");
const book = new Book();

beforeAll(async () => {
  const server = await startServer(loadServerArgs(folder.path, killed));
  const connection = new Connection(server.endpoint);
  for (let i = 0; i < CALLS; i += 1) await meterInBook(connection, [usageAt(2 * i), usageAt(2 * i + 1)], book);
  await server.kill();
  connection.close();
});
afterAll(() => folder.remove());

const argsOn = (data: string): string[] => loadServerArgs(folder.path, data);

/** The folder of the killed server, with something done to it. */
function damaged(damage: (data: string) => void): string {
  const data = join(newFolder(), "data");
  copyFolder(killed, data);
  rmSync(join(data, "server.json"), { force: true });
  damage(data);
  return data;
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}

const logOf = (data: string): string => join(data, "ledger.sqlite-wal");

/** Of the killed server's files only these. */
function copied(...names: string[]): string {
  const data = join(newFolder(), "data");
  mkdirSync(data, { mode: 0o700 });
  for (const name of ["secrets.key", ...names]) copyFileSync(join(killed, name), join(data, name));
  return data;
}

function flipAt(file: string, place: number): void {
  const bytes = readFileSync(file);
  bytes[place] = (bytes[place] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
}

async function refusalOf(data: string, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["serve", "--port", "0", ...argsOn(data), ...flags]);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: "" });
  expect(stderr.trimEnd().split("\n"), "a sentence, and no place in the program").toHaveLength(1);
  return stderr;
}

async function expectNoticed(data: string): Promise<string> {
  const file = join(data, "ledger.sqlite");
  const before = existsSync(file) ? readFileSync(file) : undefined;
  const log = existsSync(logOf(data)) ? readFileSync(logOf(data)) : undefined;
  const verified = await runCommand(["store", "verify", "--store", `sqlite:${data}`]);
  expect({ code: verified.code, stdout: verified.stdout }, verified.stderr).toEqual({ code: 1, stdout: "" });
  const refusal = await refusalOf(data);
  expect(refusal).toContain("--accept-lost-tail");
  // Whoever finds the log again, or has another look at it, finds it as it was.
  if (before !== undefined) expect(readFileSync(file).equals(before)).toBe(true);
  if (log !== undefined) expect(readFileSync(logOf(data)).equals(log)).toBe(true);
  return refusal;
}

test("a server that was killed starts, and so does a copy of its folder", async () => {
  const server = await start(argsOn(damaged(() => undefined)));
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
});

describe("it is noticed, and nothing is touched, where the log", () => {
  test.each([0.0, 0.1, 0.5, 0.9, 0.999])("was damaged at %f of its length", async (part) => {
    const data = damaged((path) => flipAt(logOf(path), Math.floor(part * (statSync(logOf(path)).size - 1))));
    const refusal = await expectNoticed(data);
    expect(refusal).toMatch(/It ends at entry \d+, but entry \d+ was acknowledged: \d+ entr(y is|ies are) missing\./);
    if (part < 0.9) expect(refusal).toMatch(/Its log is damaged at frame \d+; at least \d+ commits stand behind that/);
  });

  test("was damaged at places of chance, or cut there", async () => {
    const random = seededRandom("lost tail");
    for (let round = 0; round < 6; round += 1) {
      const size = statSync(logOf(killed)).size;
      const place = random.whole(0, size - 1);
      const data = damaged((path) => (round % 2 === 0 ? flipAt(logOf(path), place) : truncateSync(logOf(path), place)));
      expect(await refusalOf(data), `place ${place} of ${size}`).toContain("--accept-lost-tail");
    }
  });

  test("is gone", async () => {
    const data = damaged((path) => rmSync(logOf(path)));
    expect(await expectNoticed(data)).toMatch(/ was acknowledged: \d+ entries are missing/);
  });

  test("was not copied along, whether the mark was or not", async () => {
    expect(await expectNoticed(copied("ledger.sqlite", "ledger.mark"))).toMatch(/\d+ entries are missing/);
    expect(await expectNoticed(copied("ledger.sqlite"))).toContain("how much is missing cannot be known");
    expect(await refusalOf(copied("ledger.mark"))).toContain("It ends at entry 0, but");
  });

  test("is damaged, and the mark lags behind, as after a power cut, or is of no use", async () => {
    const lagging = damaged((path) => {
      flipAt(logOf(path), Math.floor(statSync(logOf(path)).size / 10));
      const text = `${"1".padStart(16, "0")} ${"1".padStart(16, "0")}`;
      writeFileSync(join(path, "ledger.mark"), `${text} ${text}\n`);
      rmSync(join(path, "checkpoints.jsonl"));
    });
    expect(await expectNoticed(lagging)).toMatch(/is damaged at frame \d+; at least \d+ commits stand behind that/);
    const unreadable = damaged((path) => writeFileSync(join(path, "ledger.mark"), "0000"));
    expect(await expectNoticed(unreadable)).toContain("The mark beside it (ledger.mark) cannot be read");
  });

  test("and the mark are of an earlier time than the newest checkpoint", async () => {
    const data = join(newFolder(), "data");
    const first = await start(argsOn(data));
    const connection = new Connection(first.endpoint);
    await meterInBook(connection, [usageAt(0)], new Book());
    expect(await first.stop()).toBe(0);
    const earlier = join(newFolder(), "earlier");
    copyFolder(data, earlier);
    const second = await start(argsOn(data));
    const other = new Connection(second.endpoint);
    await meterInBook(other, [usageAt(1)], new Book());
    expect(await second.stop()).toBe(0);
    connection.close();
    other.close();
    copyFileSync(join(data, "checkpoints.jsonl"), join(earlier, "checkpoints.jsonl"));
    expect(await refusalOf(earlier)).toMatch(
      /It ends at entry \d+, but the checkpoint of 2026-\S+ \(\S+checkpoints\.jsonl\) knows of entry \d+/,
    );
  });
});

test("a ledger that is not whole is neither backed up nor copied as though it were", async () => {
  const data = damaged((path) => rmSync(logOf(path)));
  const target = join(newFolder(), "backup");
  const backup = await runCommand(["store", "backup", target, "--store", `sqlite:${data}`]);
  expect(backup).toMatchObject({ code: 1, stdout: "" });
  expect(backup.stderr).toContain("is not whole");
  expect(existsSync(target)).toBe(false);
  const to = "postgres://nobody@127.0.0.1:1/nothing";
  const copy = await runCommand(["store", "copy", "--from", `sqlite:${data}`, "--to", to]);
  expect(copy.code).toBe(1);
  expect(copy.stderr).toContain("is not whole");
});

test("a file that is damaged at its beginning, or no ledger at all, is told in a sentence", async () => {
  const data = damaged(() => undefined);
  // What the log holds would stand in for what is damaged.
  expect(await (await start(argsOn(data))).stop()).toBe(0);
  const file = join(data, "ledger.sqlite");
  const bytes = readFileSync(file);
  for (const length of [16, 4_096]) {
    writeFileSync(file, Buffer.concat([Buffer.alloc(length, 0x5a), bytes.subarray(length)]));
    const { code, stdout, stderr } = await runCommand(["serve", "--port", "0", ...argsOn(data)]);
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/The file is damaged: [^\n]*\. Restore a backup\.\n$/);
  }
});

describe("--accept-lost-tail", () => {
  test("goes on with what is there, keeps that in the trail, and leaves the damaged log to be looked at", async () => {
    const data = damaged((path) => flipAt(logOf(path), Math.floor(statSync(logOf(path)).size / 2)));
    const log = readFileSync(logOf(data));
    const server = await start([...argsOn(data), "--accept-lost-tail"]);
    const kept = await keptBy(server);
    expect(kept.length).toBeGreaterThan(0);
    expect(book.compare(kept)).toMatchObject({ lost: 2 * CALLS - kept.length, changed: 0, twice: 0, invented: 0 });
    expect(readFileSync(`${logOf(data)}.damaged`).equals(log)).toBe(true);
    const { body } = await server.operator("GET", "/audit-events?eventName=AcceptLostTail");
    const { items } = body as { items: { serviceEventDetails: { event: string; found: string } }[] };
    expect(
      items.map(({ serviceEventDetails: { event, found } }) => [event, found.includes("entries are missing")]),
    ).toEqual([["lost-tail-accepted", true]]);
    await server.kill();
    const verified = await runCommand(["store", "verify", "--store", `sqlite:${data}`]);
    expect(verified).toMatchObject({ code: 0, stderr: "" });
    // Once is enough.
    expect(await (await start(argsOn(data))).stop()).toBe(0);
  });

  test("is asked for again, where the start did not get as far as keeping it", async () => {
    const data = damaged((path) => flipAt(logOf(path), Math.floor(0.9 * statSync(logOf(path)).size)));
    writeFileSync(join(data, "secrets.key"), Buffer.alloc(32, 1).toString("base64"));
    for (let round = 0; round < 2; round += 1) {
      const { code, stderr } = await runCommand(["serve", "--port", "0", ...argsOn(data), "--accept-lost-tail"]);
      expect(code).toBe(2);
      expect(stderr).toContain("The secrets key is not the one");
    }
    copyFileSync(join(killed, "secrets.key"), join(data, "secrets.key"));
    await expectNoticed(data);
  });

  test("changes nothing where nothing is missing", async () => {
    const server = await start([...argsOn(damaged(() => undefined)), "--accept-lost-tail"]);
    expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
    const { body } = await server.operator("GET", "/audit-events?eventName=AcceptLostTail");
    expect((body as { items: unknown[] }).items).toEqual([]);
  });
});

test("flips in the database itself are named by the verification, or lie where nothing is", async () => {
  const whole = damaged(() => undefined);
  expect(await (await start(argsOn(whole))).stop()).toBe(0);
  const random = seededRandom("lost tail, database");
  let named = 0;
  for (let round = 0; round < 6; round += 1) {
    const data = join(newFolder(), "data");
    copyFolder(whole, data);
    flipAt(join(data, "ledger.sqlite"), random.whole(4_096, statSync(join(whole, "ledger.sqlite")).size - 1));
    const { code } = await runCommand(["store", "verify", "--store", `sqlite:${data}`]);
    named += code === 1 ? 1 : 0;
  }
  expect(named).toBeGreaterThan(0);
});

test("kills at any moment, in resets and starts too, never lead to a start that is refused", async () => {
  const random = seededRandom("lost tail, kills");
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  for (let round = 0; round < 8; round += 1) {
    const server = await startServer(args);
    onTestFinished(() => server.kill());
    const acknowledged = new Book();
    const load = startLoad(server.endpoint, 4, new Workload(randomFrom(round), acknowledged), acknowledged);
    await delay(random.whole(10, 300));
    const reset = round % 2 === 0 ? server.operator("POST", "/reset").catch(() => undefined) : undefined;
    await delay(random.whole(0, 60));
    await server.kill();
    await load.stop();
    await reset;
    if (round % 3 === 2) {
      const starting = spawnServer(["--port", "0", ...args]);
      const exited = new Promise((resolve) => starting.once("exit", resolve));
      await delay(random.whole(0, 1_200));
      starting.kill("SIGKILL");
      await exited;
    }
    const { code, stderr } = await runCommand(["store", "verify", "--store", `sqlite:${path}/data`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
  expect(await (await start(args)).stop()).toBe(0);

  // A backup has no log, and says that a server was on it when it was made.
  const backup = join(path, "backup");
  const running = await start(args);
  await runCommand(["store", "backup", backup, "--store", `sqlite:${path}/data`]);
  await running.kill();
  const restored = join(path, "restored");
  await runCommand(["store", "restore", backup, "--store", `sqlite:${restored}`]);
  copyFileSync(join(path, "data", "secrets.key"), join(restored, "secrets.key"));
  for (let round = 0; round < 6; round += 1) {
    const starting = spawnServer(["--port", "0", ...loadServerArgs(path, restored)]);
    const exited = new Promise((resolve) => starting.once("exit", resolve));
    await delay(random.whole(100, 900));
    starting.kill("SIGKILL");
    await exited;
  }
  expect(await (await start(loadServerArgs(path, restored))).stop()).toBe(0);
}, 150_000);
