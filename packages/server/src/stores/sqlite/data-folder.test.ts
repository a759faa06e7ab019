import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/contract/temporary-folder.ts";
import { dataFolder, makeFolder } from "./data-folder.ts";
import { FolderInUseError, lockFolder } from "./folder-lock.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";

function freshPath(...below: string[]): string {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  return join(folder.path, ...below);
}

test("a data folder is made where it is missing, with those above it, for its owner only", () => {
  const path = freshPath("a", "b", "data");
  makeFolder(dataFolder(path));
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("a data folder that is there is left as it is", () => {
  const path = freshPath("data");
  mkdirSync(path, { mode: 0o755 });
  makeFolder(dataFolder(path));
  expect(statSync(path).mode & 0o777).toBe(0o755);
});

test("a folder that cannot be made is told of, and not tried for ever", () => {
  const path = "/proc/no-folder/data";
  if (existsSync("/proc"))
    expect(() => openSqliteEngine(path)).toThrow(`${path} cannot be served from: it cannot be made there`);
  const file = freshPath("file");
  writeFileSync(file, "");
  for (const below of [file, join(file, "data")]) {
    expect(() => openSqliteEngine(below)).toThrow(`${below} cannot be served from: a file is there, or above it`);
  }
});

test("a folder that was given relative to where the server runs is the same folder", () => {
  const path = freshPath("data");
  expect(dataFolder(relative(process.cwd(), path))).toEqual(dataFolder(path));
});

test("a folder is locked until its lock is released", () => {
  const folder = dataFolder(freshPath());
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(FolderInUseError);
  expect(() => lockFolder(folder)).toThrow(folder.path);
  lock.release();
  lockFolder(folder).release();
});

test("a second engine on a folder is refused, and harms neither the first nor those after it", async () => {
  const path = freshPath("data");
  const first = openSqliteEngine(path);
  expect(() => openSqliteEngine(path)).toThrow(FolderInUseError);
  await first.commit({ reset: false, entries: [], catalogue: [], resources: [], clock: { mode: "manual", atMs: 7 } });
  await first.close();
  const second = openSqliteEngine(path);
  expect(second.load().clock).toEqual({ mode: "manual", atMs: 7 });
  await second.close();
  expect(existsSync(join(path, "lock.sqlite"))).toBe(true);
});
