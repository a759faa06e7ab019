/** Packs lines into batches: of one group, at most 25, together smaller than 1 MB (Rules L1, L2, L4). */
import { BATCH_RECORDS_MAX, REQUEST_BYTES_LIMIT } from "@countinghouse/protocol";
import { ENVELOPE_BYTES, type Line } from "./line.ts";

/** Lines are in order by this much of their time: sorting a million of them by the second would hold up everything else. */
const MINUTE_MS = 60_000;

/** Takes lines in, and gives batches out, the oldest lines of a group first, since they have the least time left. */
export class Packer<L extends Line> {
  /** By group, and by the minute that their time is in. */
  readonly #groups = new Map<string, Map<number, L[]>>();

  add(line: L): void {
    let group = this.#groups.get(line.group);
    if (group === undefined) this.#groups.set(line.group, (group = new Map()));
    const minute = Math.floor(line.wire.timestampMs / MINUTE_MS);
    const lines = group.get(minute);
    if (lines === undefined) group.set(minute, [line]);
    else lines.push(line);
  }

  /** Each may be one request. Lines that were given out are let go of. */
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

/** Batches of lines that may each be one request; of a group, those of the oldest minutes first. */
export function packed<L extends Line>(lines: Iterable<L>): L[][] {
  const packer = new Packer<L>();
  for (const line of lines) packer.add(line);
  return [...packer.batches()];
}

/** Two halves of two lines or more, to find the one at fault. */
export function halves<L>(lines: readonly L[]): [L[], L[]] {
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)];
}
