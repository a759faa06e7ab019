/** Packs lines into batches: of one group, at most 25, together smaller than 1 MB (Rules L1, L2, L4). */
import { BATCH_RECORDS_MAX, REQUEST_BYTES_LIMIT } from "@countinghouse/protocol";
import { ENVELOPE_BYTES, type Line } from "./intake.ts";

export interface Batch {
  readonly lines: readonly Line[];
  /** How often its lines were sent already. */
  readonly sends: number;
  /** Whether one of those times may have succeeded although nobody saw it. */
  readonly doubtful: boolean;
}

/** The oldest first: it has the least time left. */
export function packed(lines: Iterable<Line>): Batch[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const group = groups.get(line.group);
    if (group === undefined) groups.set(line.group, [line]);
    else group.push(line);
  }
  return [...groups.values()].flatMap((group) =>
    batchesOf(group.toSorted((a, b) => a.wire.timestampMs - b.wire.timestampMs)),
  );
}

function batchesOf(lines: readonly Line[]): Batch[] {
  const batches: Batch[] = [];
  let batch: Line[] = [];
  let bytes = ENVELOPE_BYTES;
  for (const line of lines) {
    const more = line.bytes + 1;
    if (batch.length === BATCH_RECORDS_MAX || bytes + more >= REQUEST_BYTES_LIMIT) {
      if (batch.length > 0) batches.push({ lines: batch, sends: 0, doubtful: false });
      batch = [];
      bytes = ENVELOPE_BYTES;
    }
    batch.push(line);
    bytes += more;
  }
  if (batch.length > 0) batches.push({ lines: batch, sends: 0, doubtful: false });
  return batches;
}

/** Two halves, to find the record at fault. */
export function halves({ lines, ...rest }: Batch): Batch[] {
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)].map((half) => ({ lines: half, ...rest }));
}
