/** Backups of a ledger that is being written to: consistent, complete, and good for a new server. */
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Book, keptBy } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, settle, startLoad, usageAt, Workload } from "../support/load.ts";
import { randomFrom } from "../support/random.ts";
import { runCommand, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

interface Backup {
  readonly file: string;
  readonly entries: number;
  readonly meteringRecords: number;
  readonly newestEntryAt: string;
}

async function store<Result>(...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await runCommand(["store", ...args, "--json"]);
  expect({ code, stderr }, args.join(" ")).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Result;
}

/** A store command that must be refused; answers its complaint. */
async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["store", ...args]);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: "" });
  return stderr;
}

function temporary(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resume) => setTimeout(resume, 5));
}

test("a backup under load is a moment of the ledger, and a server on it goes on from there", async () => {
  const path = temporary();
  const [data, restored, file] = [join(path, "data"), join(path, "restored"), join(path, "backup.sqlite")];
  const random = randomFrom(20_261_123);
  const server = await startServer(loadServerArgs(path, data));
  onTestFinished(() => server.kill());

  // What was acknowledged before the backup began is in one book, what came later in another.
  const before = new Book();
  const workload = new Workload(random, before);
  const warmUp = startLoad(server.endpoint, 4, workload, before);
  await until(() => before.records > 2_000);
  await warmUp.stop();
  const during = new Book();
  const load = startLoad(server.endpoint, 4, workload, during);
  await until(() => during.records > 50);
  const recordsAtStart = during.records;
  const backup = await store<Backup>("backup", file, "--store", `sqlite:${data}`);
  expect(during.records, "the server goes on while the backup is taken").toBeGreaterThan(recordsAtStart);
  const underLoad = await store<{ agrees: boolean }>("verify", "--store", `sqlite:${data}`);
  await load.stop();
  expect(underLoad.agrees).toBe(true);

  expect(await store<Backup>("restore", file, "--store", `sqlite:${restored}`)).toEqual({
    ...backup,
    file: join(restored, "ledger.sqlite"),
  });
  copyFileSync(join(data, "secrets.key"), join(restored, "secrets.key"));
  const second = await startServer(loadServerArgs(path, restored));
  onTestFinished(() => second.kill());

  const kept = await keptBy(second);
  expect(kept).toHaveLength(backup.meteringRecords);
  const { lost, changed, twice, examples } = before.compare(kept);
  expect({ lost, changed, twice }, examples.join("\n")).toEqual({ lost: 0, changed: 0, twice: 0 });
  const original = new Map((await keptBy(server)).map((record) => [record.id, record]));
  expect(original.size).toBeGreaterThan(kept.length);
  for (const record of kept) expect(original.get(record.id)).toEqual(record);

  // Sent again, each of the old ones gets its old id.
  await settle(second.endpoint, random, before, 200);
  const after = before.compare(await keptBy(second));
  expect({ ...after, invented: 0, examples: [] }).toEqual({ lost: 0, changed: 0, twice: 0, invented: 0, examples: [] });

  for (const folder of [data, restored]) {
    const { agrees, entries, meteringRecords } = await store<Backup & { agrees: boolean }>(
      "verify",
      "--store",
      `sqlite:${folder}`,
    );
    expect(agrees).toBe(true);
    expect(entries).toBeGreaterThanOrEqual(backup.entries);
    expect(meteringRecords).toBeGreaterThanOrEqual(backup.meteringRecords);
  }
  expect(firstEntries(data, backup.entries)).toEqual(firstEntries(restored, backup.entries));
});

/** The first entries of a ledger, as they lie there. */
function firstEntries(folder: string, count: number): unknown[] {
  const db = new DatabaseSync(join(folder, "ledger.sqlite"), { readOnly: true });
  try {
    const entries = db.prepare("SELECT seq, at_ms, hex(request_id) AS id, body FROM entry WHERE seq <= ?").all(count);
    expect(entries).toHaveLength(count);
    return entries;
  } finally {
    db.close();
  }
}

describe("of a small ledger", () => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  const from = ["--store", `sqlite:${data}`];
  let server: RunningServer;
  let file: string;
  const book = new Book();

  beforeAll(async () => {
    server = await startServer(loadServerArgs(folder.path, data));
    const connection = new Connection(server.endpoint);
    for (let i = 0; i < 40; i += 1) await meterInBook(connection, [usageAt(2 * i), usageAt(2 * i + 1)], book);
    connection.close();
    file = join(folder.path, "backup.sqlite");
    await store("backup", file, ...from);
  });
  afterAll(async () => {
    await server.kill();
    folder.remove();
  });

  test("a backup is one file, for its owner only, with nothing left beside it", async () => {
    const path = temporary();
    const target = join(path, "backup");
    const { stdout } = await runCommand(["store", "backup", target, ...from]);
    expect(readdirSync(path)).toEqual(["backup"]);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(stdout).toMatch(
      /^file +\S+\/backup\nentries +\d+\nmeteringRecords +80\nnewestEntryAt +2026-07-20T23:30:00\.000Z\n/,
    );
    expect(stdout).toContain("The secrets key is not in a backup: keep a copy of secrets.key apart from it");
  });

  test("a backup holds no key, and no secret that can be read", () => {
    const bytes = readFileSync(file);
    expect(bytes.includes(readFileSync(join(data, "secrets.key"), "utf8").trim())).toBe(false);
    expect(bytes.includes("example-secret")).toBe(false);
  });

  test("a backup overwrites nothing", async () => {
    const path = temporary();
    const target = join(path, "precious");
    writeFileSync(target, "precious");
    expect(await refused("backup", target, ...from)).toContain(`${target} exists already`);
    expect(readFileSync(target, "utf8")).toBe("precious");
    expect(readdirSync(path)).toEqual(["precious"]);
  });

  test("a backup needs a ledger, and a folder to go to", async () => {
    const path = temporary();
    expect(await refused("backup", join(path, "b"), "--store", `sqlite:${path}`)).toContain("There is no ledger");
    expect(await refused("backup", join(path, "nothing", "b"), ...from)).toContain("could not be written: ENOENT");
    expect(readdirSync(path)).toEqual([]);
  });

  test("a server without the secrets key that belongs to it does not start on a restored ledger", async () => {
    const path = temporary();
    const { stdout } = await runCommand(["store", "restore", file, "--store", `sqlite:${path}`]);
    expect(stdout).toContain(`put the secrets.key of the server that was backed up into ${path}.`);
    await expect(startServer(loadServerArgs(folder.path, path))).rejects.toThrow(/secrets key/);
    copyFileSync(join(data, "secrets.key"), join(path, "secrets.key"));
    const restored = await startServer(loadServerArgs(folder.path, path));
    expect(book.compare(await keptBy(restored))).toEqual(book.compare(await keptBy(server)));
    expect(await restored.stop()).toBe(0);
  });

  test("a restore into a folder with a ledger is refused, whether a server runs on it or not", async () => {
    const before = await keptBy(server);
    expect(await refused("restore", file, ...from)).toContain("in use by another countinghouse process");
    expect(await keptBy(server)).toEqual(before);

    const path = temporary();
    await store("restore", file, "--store", `sqlite:${path}`);
    const bytes = readFileSync(join(path, "ledger.sqlite"));
    expect(await refused("restore", file, "--store", `sqlite:${path}`)).toContain("holds a ledger");
    expect(readFileSync(join(path, "ledger.sqlite")).equals(bytes)).toBe(true);
  });

  test("a restore beside the log of another ledger is refused: it would be played into this one", async () => {
    const path = temporary();
    writeFileSync(join(path, "ledger.sqlite-wal"), "");
    expect(await refused("restore", file, "--store", `sqlite:${path}`)).toContain("ledger.sqlite-wal");
    expect(existsSync(join(path, "ledger.sqlite"))).toBe(false);
  });

  test("what an interrupted restore left is no hindrance", async () => {
    const path = temporary();
    writeFileSync(join(path, "ledger.sqlite.restoring"), "half of it");
    await store("restore", file, "--store", `sqlite:${path}`);
    expect(readdirSync(path).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["ledger.sqlite", "lock.sqlite"]);
  });

  test("only a whole backup of this or an older version is restored", async () => {
    const path = temporary();
    const target = join(path, "target");
    const altered = (name: string, alter: (bytes: Buffer) => Buffer): string => {
      const copy = join(path, name);
      writeFileSync(copy, alter(readFileSync(file)));
      return copy;
    };
    const newer = altered("newer", (bytes) => bytes);
    const db = new DatabaseSync(newer);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const foreign = join(path, "foreign");
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE t (x)");
    other.close();
    const cases: readonly (readonly [string, RegExp])[] = [
      [join(path, "nothing"), /There is no backup/],
      [altered("text", () => Buffer.from("not a database")), /text is no backup/],
      [altered("half", (bytes) => bytes.subarray(0, bytes.length / 2)), /half is (of no use|not a ledger)/],
      [altered("damaged", (bytes) => bytes.fill(0x5a, 8_192, 12_288)), /damaged is (of no use|not a ledger)/],
      [join(data, "ledger.sqlite"), /not a backup: records may be missing in it/],
      [foreign, /foreign is not a ledger/],
      [newer, /schema version 99/],
    ];
    for (const [source, complaint] of cases) {
      expect(await refused("restore", source, "--store", `sqlite:${target}`)).toMatch(complaint);
      expect(existsSync(join(target, "ledger.sqlite"))).toBe(false);
      expect(existsSync(join(target, "ledger.sqlite.restoring"))).toBe(false);
    }
    await store("restore", file, "--store", `sqlite:${target}`);
  });

  test("after a crash, without a server, a backup holds what was acknowledged", async () => {
    const path = temporary();
    const crashed = join(path, "data");
    const victim = await startServer(loadServerArgs(path, crashed));
    const acknowledged = new Book();
    const load = startLoad(victim.endpoint, 2, new Workload(randomFrom(7), acknowledged), acknowledged);
    await until(() => acknowledged.records > 200);
    await victim.kill();
    await load.stop();
    const target = join(path, "backup");
    await store("backup", target, "--store", `sqlite:${crashed}`);
    const restored = join(path, "restored");
    await store("restore", target, "--store", `sqlite:${restored}`);
    copyFileSync(join(crashed, "secrets.key"), join(restored, "secrets.key"));
    const second = await startServer(loadServerArgs(path, restored));
    expect(acknowledged.compare(await keptBy(second))).toMatchObject({ lost: 0, changed: 0, twice: 0, invented: 0 });
    await second.stop();
  });

  test("store commands take their ledger from the environment, and nothing but a folder", async () => {
    const env = { COUNTINGHOUSE_STORE: `sqlite:${data}` };
    expect((await runCommand(["store", "verify"], env)).code).toBe(0);
    for (const given of ["memory:", data, "sqlite:"]) {
      const ran = await runCommand(["store", "verify", "--store", given], env);
      expect(ran).toEqual({
        code: 2,
        stdout: "",
        stderr: `countinghouse: --store must be sqlite:FOLDER; got ${given}.\n`,
      });
    }
    const ofDatabase = await runCommand(["store", "backup", "x", "--store", "postgres://me:secret-word@localhost/x"]);
    expect(ofDatabase).toMatchObject({ code: 2, stderr: expect.stringMatching(/tools of its own/) as string });
    expect(ofDatabase.stderr).not.toContain("secret-word");
  });

  test("a folder that cannot be written to is told in one line", async () => {
    const path = temporary();
    chmodSync(path, 0o500);
    // The superuser may write everywhere.
    if (process.getuid?.() === 0) return;
    const complaint = await refused("backup", join(path, "b"), ...from);
    expect(complaint.trimEnd().split("\n")).toHaveLength(1);
  });
});
