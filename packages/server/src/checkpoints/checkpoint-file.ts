/** The file that checkpoints are appended to, each flushed to disk. One line is one checkpoint. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

export interface CheckpointFile {
  readonly path: string;
  /** Empty where there is no file yet. */
  lines(): string[];
  append(line: string): void;
}

export function checkpointFile(path: string): CheckpointFile {
  return {
    path,
    lines: () =>
      textOf(path)
        .split("\n")
        .filter((line) => line !== ""),
    append: (line) => {
      // A line that was cut off by a crash is ended first, so that it spoils no other.
      const start = /[^\n]$/.test(textOf(path)) ? "\n" : "";
      const file = openSync(path, "a", 0o600);
      try {
        writeSync(file, `${start}${line}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Checkpoints of a ledger in memory end with it. */
export function checkpointsInMemory(): CheckpointFile {
  const kept: string[] = [];
  return { path: "memory", lines: () => [...kept], append: (line) => void kept.push(line) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
