/** The file to which checkpoints are appended, one line each; every line is flushed to disk. */
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FaultError } from "../ledger/ledger.ts";

export interface CheckpointFile {
  readonly path: string;
  /** Empty where there is no file yet. Throws FaultError where the file cannot be read. */
  lines(): string[];
  /** The newest line, whole or cut off; undefined where there is none. Costs the same for any file. Throws as `lines` does. */
  lastLine(): string | undefined;
  append(line: string): void;
}

/** The file for a server's checkpoints. */
export function checkpointFileOf({
  checkpointFile: path,
  store,
}: {
  readonly checkpointFile: string | undefined;
  readonly store: { readonly kind: string; readonly folder?: string };
}): CheckpointFile {
  if (path !== undefined) return checkpointFile(path);
  return store.folder === undefined ? checkpointsInMemory() : checkpointFile(join(store.folder, "checkpoints.jsonl"));
}

export function checkpointFile(path: string): CheckpointFile {
  return {
    path,
    lines: () => textOf(path).split("\n").filter(isLine),
    lastLine: () => endOf(path).split("\n").findLast(isLine),
    append: (line) => {
      const file = openSync(path, "a+", 0o600);
      try {
        // If a crash cut off the last line, that line is ended first, so that it does not spoil the new one.
        const start = /[^\n]$/.test(lastCharacter(file)) ? "\n" : "";
        writeSync(file, `${start}${line}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  };
}

/** For a ledger in memory, whose checkpoints end with it. */
export function checkpointsInMemory(): CheckpointFile {
  const kept: string[] = [];
  return {
    path: "memory",
    lines: () => [...kept],
    lastLine: () => kept.at(-1),
    append: (line) => void kept.push(line),
  };
}

function isLine(text: string): boolean {
  return text !== "";
}

function lastCharacter(file: number): string {
  const last = Buffer.alloc(1);
  const { size } = fstatSync(file);
  return size === 0 ? "" : last.toString("latin1", 0, readSync(file, last, 0, 1, size - 1));
}

/** A line holds the head of each lane; there are a few hundred lanes at most. */
const LINE_BYTES_MAX = 1_048_576;

/** The end of the file, which includes its last line. */
function endOf(path: string): string {
  return read(path, () => {
    const file = openSync(path, "r");
    try {
      const { size } = fstatSync(file);
      for (let bytes = Math.min(size, 4_096); ; bytes = Math.min(size, bytes * 4)) {
        const end = Buffer.alloc(bytes);
        const text = end.toString("utf8", 0, readSync(file, end, 0, bytes, size - bytes));
        if (bytes === size || bytes >= LINE_BYTES_MAX || text.slice(0, -1).includes("\n")) return text;
      }
    } finally {
      closeSync(file);
    }
  });
}

function textOf(path: string): string {
  return read(path, () => readFileSync(path, "utf8"));
}

/** The text that was read; empty where there is no file. */
function read(path: string, text: () => string): string {
  try {
    return text();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "";
    throw new FaultError(`The checkpoints cannot be read from ${path}: ${message}`, error);
  }
}
