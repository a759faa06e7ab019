/** Packs lines into batches: one group, at most 25 lines, together smaller than 1 MB (Rules L1, L2, L4). */
import { BATCH_RECORDS_MAX, REQUEST_BYTES_LIMIT } from "@countinghouse/protocol";
import { ENVELOPE_BYTES, type Line } from "./line.ts";

/** Lines are sorted by their minute only: sorting a million of them by the second would delay all other work. */
const MINUTE_MS = 60_000;

/** Takes lines, and answers batches. The oldest lines of a group come first, because they have the least time left. */
export class Packer<L extends Line> {
  /** By group, and by the minute of the line's time. */
  readonly #groups = new Map<string, Map<number, L[]>>();

  add(line: L): void {
    let group = this.#groups.get(line.group);
    if (group === undefined) this.#groups.set(line.group, (group = new Map()));
    const minute = Math.floor(line.wire.timestampMs / MINUTE_MS);
    const lines = group.get(minute);
    if (lines === undefined) group.set(minute, [line]);
    else lines.push(line);
  }

  /** Answers batches, each for one request, and forgets their lines. */
  *batches(): Generator<L[], undefined> {
    for (const [name, group] of this.#groups) {
      this.#groups.delete(name);
      let batch: L[] = [];
      let bytes = ENVELOPE_BYTES;
      for (const minute of [...group.keys()].toSorted((a, b) => a - b)) {
        const lines = group.get(minute) ?? [];
        group.delete(minute);
        for (const line of lines) {
          const more = line.bytes + 1;
          if (batch.length === BATCH_RECORDS_MAX || bytes + more >= REQUEST_BYTES_LIMIT) {
            if (batch.length > 0) yield batch;
            batch = [];
            bytes = ENVELOPE_BYTES;
          }
          batch.push(line);
          bytes += more;
        }
      }
      if (batch.length > 0) yield batch;
    }
  }
}

/** Batches of lines, each for one request; in a group, the oldest minutes come first. */
export function packed<L extends Line>(lines: Iterable<L>): L[][] {
  const packer = new Packer<L>();
  for (const line of lines) packer.add(line);
  return [...packer.batches()];
}

/** Two halves of two or more lines, to find the one at fault. */
export function halves<L>(lines: readonly L[]): [L[], L[]] {
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)];
}
