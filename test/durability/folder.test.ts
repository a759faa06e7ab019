/** What becomes of the files of a data folder: who may read them, who may serve from them, and where they may lie. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, usageAt } from "../support/load.ts";
import { LoopDisk, noLoopDisks } from "../support/loop-disk.ts";
import { newFolder, start } from "../support/scoped.ts";
import { NODE_FLAGS, runCommand, startServer, type RunningServer } from "../support/server.ts";

let disk: LoopDisk | undefined;
afterEach(() => {
  disk?.remove();
  disk = undefined;
});

async function meterOnce(server: RunningServer, book: Book, n: number): Promise<void> {
  const connection = new Connection(server.endpoint);
  await meterInBook(connection, [usageAt(n)], book);
  connection.close();
}

test("the ledger's files are for their owner alone, also those that an earlier version made; of the folder it is said", async () => {
  const path = newFolder();
  const data = join(path, "data");
  const modes = (): string[] =>
    readdirSync(data)
      .map((name) => `${name} ${(statSync(join(data, name)).mode & 0o777).toString(8)}`)
      .filter((text) => !text.endsWith(" 600"));
  const server = await start(loadServerArgs(path, data));
  expect(readdirSync(data)).toEqual(expect.arrayContaining(["ledger.mark", "ledger.sqlite", "ledger.sqlite-wal"]));
  expect(modes()).toEqual([]);
  expect(server.output()).not.toContain("open to other users");
  await server.kill();
  for (const name of ["ledger.sqlite", "ledger.sqlite-wal", "lock.sqlite", "ledger.mark"])
    chmodSync(join(data, name), 0o644);
  chmodSync(data, 0o755);
  const again = await start(loadServerArgs(path, data));
  expect(modes()).toEqual([]);
  expect(again.output()).toContain("the data folder is open to other users");
  expect(statSync(data).mode & 0o777).toBe(0o755);
});

test("a lock that is deleted under a running server lets no second one in, and the first goes on", async () => {
  const path = newFolder();
  const data = join(path, "data");
  const args = loadServerArgs(path, data);
  const book = new Book();
  const server = await start(args);
  for (let round = 0; round < 2; round += 1) {
    rmSync(join(data, "lock.sqlite"));
    const second = await runCommand(["serve", "--port", "0", ...args]);
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toContain("is in use by another countinghouse process");
    await meterOnce(server, book, round);
  }
  expect(await (await fetch(`${server.endpoint}/readyz`)).text()).toBe("ready\n");
  await server.kill();
  // Nobody runs any more: it is waited for in vain, and goes on.
  rmSync(join(data, "lock.sqlite"));
  expect(book.compare(await keptBy(await start(args)))).toEqual(NO_DIFFERENCES);
});

test("a backup that was killed leaves nothing for good, and one that runs is left alone", async () => {
  const path = newFolder();
  const data = join(path, "data");
  expect(await (await start(loadServerArgs(path, data))).stop()).toBe(0);
  const backups = join(path, "backups");
  const dead = join(backups, ".countinghouse-backup-dead");
  const running = join(backups, ".countinghouse-backup-running");
  for (const folder of [dead, running]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "backup"), "half of it");
  }
  const hold = `new (require("node:sqlite").DatabaseSync)(process.argv[1]).exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"); console.log("held"); setInterval(() => undefined, 1000)`;
  const holder = spawn(process.execPath, [...NODE_FLAGS, "-e", hold, join(running, "lock.sqlite")]);
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  const backUp = (name: string): ReturnType<typeof runCommand> =>
    runCommand(["store", "backup", join(backups, name), "--store", `sqlite:${data}`]);
  expect((await backUp("first")).code).toBe(0);
  expect([existsSync(dead), existsSync(running)]).toEqual([false, true]);
  holder.kill("SIGKILL");
  await new Promise((resolve) => holder.once("exit", resolve));
  expect((await backUp("second")).code).toBe(0);
  expect(readdirSync(backups).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["first", "second"]);
});

test("on a medium that cannot be written to, a ledger is verified; it is not served, and that is a sentence", async (context) => {
  const reason = noLoopDisks("read-only medium");
  if (reason !== undefined) context.skip(reason);
  disk = new LoopDisk(48);
  disk.mount();
  const path = newFolder();
  const data = `${disk.path}/data`;
  const args = loadServerArgs(path, data);
  const book = new Book();
  const server = await startServer(args);
  await meterOnce(server, book, 0);
  await server.kill();
  remount(disk, "ro");
  const verify = (): ReturnType<typeof runCommand> => runCommand(["store", "verify", "--store", `sqlite:${data}`]);
  expect(await verify(), "a log that a killed server left").toMatchObject({ code: 0, stderr: "" });
  await expectSentence(args, "it is on a medium that cannot be written to");

  remount(disk, "rw");
  rmSync(`${data}/ledger.sqlite-shm`);
  remount(disk, "ro");
  const withoutIndex = await verify();
  expect(withoutIndex).toMatchObject({ code: 1, stdout: "" });
  expect(withoutIndex.stderr).toContain("Copy the folder to a place that can be written to.");

  remount(disk, "rw");
  const last = await startServer(args);
  expect(book.compare(await keptBy(last))).toEqual(NO_DIFFERENCES);
  expect(await last.stop()).toBe(0);
  remount(disk, "ro");
  const found = await verify();
  expect(found, "after a clean end").toMatchObject({ code: 0, stderr: "" });
  expect(found.stdout).toContain("meteringRecords  1");
  await expectSentence(args, "it is on a medium that cannot be written to");
});

test("a start on a disk that is full says that it wants space, and needs nothing else", async (context) => {
  const reason = noLoopDisks("full disk at a start");
  if (reason !== undefined) context.skip(reason);
  disk = new LoopDisk(24);
  disk.mount();
  const path = newFolder();
  const args = loadServerArgs(path, `${disk.path}/data`);
  const book = new Book();
  const ballast = `${disk.path}/ballast`;
  fill(ballast);
  await expectSentence(args, "space");
  rmSync(ballast);
  const server = await startServer(args);
  await meterOnce(server, book, 0);
  await server.kill();
  fill(ballast);
  await expectSentence(args, "space");
  rmSync(ballast);
  const again = await startServer(args);
  expect(book.compare(await keptBy(again))).toEqual(NO_DIFFERENCES);
  await again.kill();
  await delay(100);
});

async function expectSentence(args: readonly string[], text: string): Promise<void> {
  const { code, stdout, stderr } = await runCommand(["serve", "--port", "0", ...args]);
  expect({ code: code === 1 || code === 2, stdout }, stderr).toEqual({ code: true, stdout: "" });
  expect(stderr).toContain(text);
  const said = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("{"));
  expect(said, stderr).toHaveLength(1);
}

function remount({ path }: LoopDisk, mode: "ro" | "rw"): void {
  execFileSync("mount", ["-o", `remount,${mode}`, path]);
}

/** Leaves no byte free. */
function fill(file: string): void {
  for (const bytes of [1_048_576, 4_096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}
