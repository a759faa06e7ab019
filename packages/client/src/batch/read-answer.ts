/** Finds in a batch's answer what became of each line. The order of results is not documented, so they are matched by key. */
import type { BatchMeterUsageOutput } from "../operations.ts";
import { keyText, type Line } from "./line.ts";
import type { Verdict } from "./result.ts";

/** For a status that is newer than this client, a success without a record id, or a missing result: it cannot be interpreted. */
const UNANSWERED = { status: "undecided", why: "unanswered", error: undefined, mayBeMetered: true } as const;

interface AnswerReading<L> {
  readonly verdicts: Map<L, Verdict>;
  readonly unprocessed: readonly L[];
  readonly strays: number;
}

export function readAnswer<L extends Line>(
  lines: readonly L[],
  answer: BatchMeterUsageOutput,
  isKnown: (meteringRecordId: string) => boolean,
): AnswerReading<L> {
  const waiting = new Map(lines.map((line) => [line.key, line]));
  const verdicts = new Map<L, Verdict>();
  const unprocessed: L[] = [];
  let strays = 0;
  const claim = (record: BatchMeterUsageOutput["unprocessedRecords"][number]): L | undefined => {
    const key = keyOfAnswered(record, lines[0]?.productCode);
    const line = key === undefined ? undefined : waiting.get(key);
    if (key === undefined || line === undefined) strays += 1;
    else waiting.delete(key);
    return line;
  };
  for (const result of answer.results) {
    const line = claim(result.usageRecord);
    if (line !== undefined) verdicts.set(line, verdictOf(result, isKnown));
  }
  for (const record of answer.unprocessedRecords) {
    const line = claim(record);
    if (line !== undefined) unprocessed.push(line);
  }
  for (const line of waiting.values()) verdicts.set(line, UNANSWERED);
  return { verdicts, unprocessed, strays };
}

/** An answer may lack what a service should say; a result whose key cannot be read is about no line. */
function keyOfAnswered(
  record: Partial<BatchMeterUsageOutput["unprocessedRecords"][number]> | undefined,
  productCode: string | undefined,
): string | undefined {
  if (record?.timestamp === undefined || record.dimension === undefined) return undefined;
  const { timestamp, dimension } = record;
  return keyText({ ...record, timestampMs: timestamp.getTime(), dimension }, productCode);
}

function verdictOf(
  { status, meteringRecordId }: BatchMeterUsageOutput["results"][number],
  isKnown: (meteringRecordId: string) => boolean,
): Verdict {
  switch (status) {
    case "Success":
      if (meteringRecordId === undefined) break;
      return { status: isKnown(meteringRecordId) ? "replay" : "accepted", meteringRecordId };
    case "DuplicateRecord":
      return { status: "duplicate", meteringRecordId };
    case "CustomerNotSubscribed":
      return { status: "not-subscribed" };
  }
  return UNANSWERED;
}
