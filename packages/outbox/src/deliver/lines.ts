/** Entries as the client sends them: lines, packed into batches, the nearest deadline first. */
import type { Line } from "@countinghouse/client/batch";
import { lineOf, packed } from "@countinghouse/client/batch";
import { decoderOf, usageRecordShape } from "@countinghouse/protocol";
import { hashOf } from "../lifecycle/gather.ts";
import type { Entry } from "../store/rows.ts";

export interface EntryLine extends Line {
  readonly entry: Entry;
}

const readRecord = decoderOf(usageRecordShape);

/** An entry whose time is nearly over goes alone: a record that is too late has its whole batch refused. */
const NEAR_MS = 300_000;

/**
 * The line of an entry; or why there can be none. Its bytes are those that were frozen: the hash is checked, and the record is
 * written by the same encoder, with its members in the same order (O2).
 */
export function entryLineOf(entry: Entry): EntryLine | { readonly problem: string } {
  const { body, bodyHash, productCode } = entry;
  if (body === undefined || hashOf(body) !== bodyHash) return { problem: "its body is not the one that was frozen" };
  const decoded = readRecord(JSON.parse(body));
  if (!decoded.ok) return { problem: decoded.refusal.message };
  const { timestampMs, customerAccountId = "", customerIdentifier, licenseArn, ...usage } = decoded.value;
  const customer = customerIdentifier === undefined ? { customerAccountId, licenseArn } : { customerIdentifier };
  const { line, verdict } = lineOf({ ...usage, ...customer, timestamp: new Date(timestampMs) }, productCode);
  if (line === undefined) return { problem: "message" in verdict ? verdict.message : verdict.status };
  return { ...line, entry };
}

/** Batches of up to 25 of one product, and those that travel alone; by the nearest deadline in each. */
export function batchesOf(lines: readonly EntryLine[], serviceMs: number): (readonly EntryLine[])[] {
  const goesAlone = ({ entry }: EntryLine): boolean => entry.alone || entry.deadlineMs - serviceMs < NEAR_MS;
  const alone = lines.filter(goesAlone).map((line) => [line]);
  const together = packed(lines.filter((line) => !goesAlone(line)));
  return [...alone, ...together].toSorted((a, b) => nearest(a) - nearest(b));
}

function nearest(batch: readonly EntryLine[]): number {
  return Math.min(...batch.map(({ entry }) => entry.deadlineMs));
}
