/**
 * The mark beside an embedded ledger: which entry was acknowledged last. It is written after a commit has become durable and
 * before anybody is answered, without a flush of its own. So the mark never claims more than is durable. After a kill it is
 * exact; after a power cut it may lag behind, as far as the operating system had not written it yet.
 *
 * The mark is one line: generation and entry, 16 digits each, and both again, so that a damaged mark is not believed.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../data-folder.ts";

/** How far a ledger has come. Each time it is emptied, another generation of entries begins at 1. */
export interface TailPosition {
  readonly generation: number;
  /** The newest entry; 0 where there is none. */
  readonly seq: number;
}

const DIGITS = 16;

/** Undefined where there is no mark. */
export function readMark(file: string): TailPosition | "unreadable" | undefined {
  if (!existsSync(file)) return undefined;
  const [, , generation, seq] = /^((\d{16}) (\d{16})) \1\n$/.exec(readFileSync(file, "latin1")) ?? [];
  return generation === undefined ? "unreadable" : { generation: Number(generation), seq: Number(seq) };
}

/** Makes a mark where there is none, durably. */
export function makeMark(file: string, position: TailPosition): void {
  const descriptor = openSync(`${file}.new`, "w", 0o600);
  try {
    writeSync(descriptor, textOf(position), 0, "latin1");
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${file}.new`, file);
  syncFolder(dirname(file));
}

export class TailMark {
  readonly #file: string;
  #descriptor: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  get isThere(): boolean {
    return existsSync(this.#file);
  }

  put(position: TailPosition): void {
    try {
      if (this.#descriptor === undefined && !this.isThere) makeMark(this.#file, position);
      this.#descriptor ??= openSync(this.#file, "r+");
      writeSync(this.#descriptor, textOf(position), 0, "latin1");
    } catch {
      // A mark that could not be written is an older one: it claims less, and nothing wrong.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

function textOf({ generation, seq }: TailPosition): string {
  const text = `${padded(generation)} ${padded(seq)}`;
  return `${text} ${text}\n`;
}

function padded(figure: number): string {
  return String(figure).padStart(DIGITS, "0");
}
