/** The outcome of a call or a change, in one word and one sentence, from its entry alone. */
import type { DecidedRecord, LedgerEntry, LedgerEvent } from "../ledger/entry.ts";
import type { ActivityItem } from "../operator/contract/ledger/activity.ts";

export type Outcome = ActivityItem["outcome"];
type RecordCounts = NonNullable<ActivityItem["records"]>;
type Count = keyof RecordCounts;

interface EntryOutcome {
  readonly outcome: Outcome;
  /** The error's name, where the call was refused. */
  readonly code?: string | undefined;
  /** Why the outcome is not `ok`. */
  readonly reason?: string | undefined;
  readonly records?: RecordCounts | undefined;
}

export function outcomeOf({ event }: LedgerEntry): EntryOutcome {
  if (event.kind === "call-refused") {
    const by = event.rule === undefined ? "" : ` by Rule ${event.rule}`;
    return { outcome: "refused", code: event.code, reason: `Refused${by}: ${event.code}${told(event.message)}` };
  }
  return event.kind === "usage-metered" ? meteredOutcome(event) : { outcome: "ok" };
}

type UsageEvent = Extract<LedgerEvent, { kind: "usage-metered" }>;

function meteredOutcome({ records, unprocessed = [] }: UsageEvent): EntryOutcome {
  const counts = new Map<Count, number>();
  const add = (count: Count, more = 1): void => {
    if (more > 0) counts.set(count, (counts.get(count) ?? 0) + more);
  };
  for (const record of records) add(countOf(record));
  add("unprocessed", unprocessed.length);
  const good = { outcome: "ok" as const, records: Object.fromEntries(counts) };
  const problems = [...counts].filter(([count]) => count !== "accepted" && count !== "replay");
  if (problems.length === 0) return good;
  const total = records.length + unprocessed.length;
  const missed = problems.reduce((sum, [, count]) => sum + count, 0);
  const rules = [...new Set(records.flatMap(({ status, rule }) => (status === "CustomerNotSubscribed" ? [rule ?? "G1"] : [])))]; // prettier-ignore
  const whys = problems.map(([count, times]) => `${times} ${WHY[count as Problem](rules)}`).join("; ");
  const of =
    total === 1 ? "The usage record was" : `${missed} of ${total} usage records ${missed === 1 ? "was" : "were"}`;
  return { ...good, outcome: "partly", reason: `${of} not accepted: ${whys}.` };
}

function countOf({ status, keptAs }: DecidedRecord): Count {
  if (status === "DuplicateRecord") return "duplicate";
  if (status === "CustomerNotSubscribed") return "notSubscribed";
  return keptAs === undefined ? "accepted" : "replay";
}

type Problem = Exclude<Count, "accepted" | "replay">;

const WHY: Readonly<Record<Problem, (notSubscribed: readonly string[]) => string>> = {
  duplicate: () => "of a key under which other usage stands (Rule K3)",
  notSubscribed: (rules) =>
    `of a customer who is not subscribed (Rule${rules.length === 1 ? "" : "s"} ${rules.toSorted().join(", ")})`,
  unprocessed: () => "given back by a fault on demand (Rule F1)",
};

/** A message may quote what was sent, which may be long and have several lines. */
const MESSAGE_CHARACTERS_MAX = 400;

function told(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  if (line === "") return ".";
  const shown = line.length > MESSAGE_CHARACTERS_MAX ? `${line.slice(0, MESSAGE_CHARACTERS_MAX)}…` : line;
  return /[.…!?]$/.test(shown) ? `: ${shown}` : `: ${shown}.`;
}
