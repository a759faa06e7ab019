/** Packs lines into batches: of one group, at most 25, together smaller than 1 MB (Rules L1, L2, L4). */
import { BATCH_RECORDS_MAX, REQUEST_BYTES_LIMIT } from "@countinghouse/protocol";
import { ENVELOPE_BYTES, type Line } from "./line.ts";

/** Batches of lines that may each be one request; the oldest lines of a group first, since they have the least time left. */
export function packed<L extends Line>(lines: Iterable<L>): L[][] {
  const groups = new Map<string, L[]>();
  for (const line of lines) {
    const group = groups.get(line.group);
    if (group === undefined) groups.set(line.group, [line]);
    else group.push(line);
  }
  return [...groups.values()].flatMap((group) =>
    batchesOf(group.toSorted((a, b) => a.wire.timestampMs - b.wire.timestampMs)),
  );
}

function batchesOf<L extends Line>(lines: readonly L[]): L[][] {
  const batches: L[][] = [];
  let batch: L[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const line of lines) {
    const more = line.bytes + 1;
    if (batch.length === BATCH_RECORDS_MAX || bytes + more >= REQUEST_BYTES_LIMIT) {
      if (batch.length > 0) batches.push(batch);
      batch = [];
      bytes = ENVELOPE_BYTES;
    }
    batch.push(line);
    bytes += more;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Two halves of two lines or more, to find the one at fault. */
export function halves<L>(lines: readonly L[]): [L[], L[]] {
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)];
}
