/** Explains a request by its id, or by the id of a metering record that it made. */
import { iso } from "@countinghouse/protocol";
import type { FaultHit } from "../domain/injected-fault.ts";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import type { Call, LedgerEntry, LedgerEvent } from "../ledger/entry.ts";
import { isRequestId, parseMeteringRecordId } from "../ledger/ids.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { withShownTimes } from "../ledger/shown-times.ts";
import type { Explanation, RecordExplanation, RefusalExplanation } from "../operator/contract/ledger/explanation.ts";
import { explainRecords, explainedRule, requestsHeldAgainst, type Surroundings } from "./explain-records.ts";

type Figures = RefusalExplanation["compared"];

/** Undefined where nothing is kept under the id. */
export async function explainRequest(ledger: Ledger, id: string): Promise<Explanation | undefined> {
  const made = parseMeteringRecordId(id);
  if (made === undefined && !isRequestId(id)) return undefined;
  const entry = await ledger.entry(made?.requestId ?? id);
  if (entry === undefined) return undefined;
  const keptEntries = new Map<string, LedgerEntry>();
  for (const kept of requestsHeldAgainst(entry)) {
    const found = await ledger.entry(kept);
    if (found !== undefined) keptEntries.set(kept, found);
  }
  const explanation = explainEntry(entry, { catalogue: ledger.catalogue, keptEntries });
  if (made === undefined) return explanation;
  if (entry.event.kind === "usage-accrued") {
    const { productCode, uses } = entry.event;
    const use = uses[made.position];
    return use && { meteringRecordId: id, ...explanation, details: withShownTimes({ productCode, ...use }) };
  }
  const accepted = explanation.records?.some(
    ({ outcome, meteringRecordId }) => outcome === "accepted" && meteringRecordId === id,
  );
  return accepted === true ? { meteringRecordId: id, ...explanation } : undefined;
}

/** Explains an entry from what is at hand. */
export function explainEntry({ call, atMs, event }: LedgerEntry, surroundings: Surroundings): Explanation {
  const told = { ...callShown(call), at: iso(atMs), event: event.kind };
  if (event.kind === "usage-metered") {
    const records = explainRecords({ call, atMs, event }, surroundings);
    return { ...told, summary: metered(records), records, details: { productCode: event.productCode } };
  }
  if (event.kind === "call-refused") {
    const { code, message, compared } = event;
    const rule = event.rule && explainedRule(event.rule);
    const by = rule === undefined ? "" : ` by Rule ${rule.id}`;
    const refusal = { code, message, rule, compared: shownFigures(compared) };
    return { ...told, summary: `Refused${by}: ${code}.`, refusal, details: {} };
  }
  const { kind: _, ...details } = event;
  return { ...told, summary: summaryOf(event), details: withShownTimes(details) };
}

function callShown(call: Call): Omit<Explanation, "at" | "event" | "summary" | "details"> {
  return {
    requestId: call.requestId,
    operation: call.operation,
    principal: call.principal,
    accountId: call.accountId,
    accessKeyId: call.accessKeyId,
    region: call.region,
    sourceAddress: call.sourceAddress,
    userAgent: call.userAgent,
    faults: call.faults?.map(faultShown),
    session: call.session && sessionShown(call.session),
  };
}

function faultShown({ faultId, kind, delayMs, records }: FaultHit): NonNullable<Explanation["faults"]>[number] {
  return { faultId, kind, delayMs, records };
}

function sessionShown(session: ResourceSession): NonNullable<Explanation["session"]> {
  const { resourceId, platform, federatedProvider, createdAtMs } = session;
  return {
    resourceId,
    platform,
    federatedProvider,
    createdAt: createdAtMs === undefined ? undefined : iso(createdAtMs),
  };
}

const PLURAL: Readonly<Record<RecordExplanation["outcome"], string>> = {
  accepted: "accepted",
  replay: "replays",
  duplicate: "duplicates",
  "not-subscribed": "not subscribed",
  unprocessed: "unprocessed",
};

/** Such as `3 usage records: 2 accepted, 1 replay.` */
function metered(records: readonly RecordExplanation[]): string {
  const counts = new Map<RecordExplanation["outcome"], number>();
  for (const { outcome } of records) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const parts = [...counts].map(([outcome, count]) => `${count} ${count === 1 ? outcome : PLURAL[outcome]}`);
  const total = records.length === 1 ? "1 usage record" : `${records.length} usage records`;
  return parts.length === 0 ? "No usage records." : `${total}: ${parts.join(", ")}.`;
}

/** Rules Y4 and Y5. */
function registered(first: boolean): string {
  return first
    ? "Registered: the account has the product (Rule Y4), and metering begins."
    : "Registered before: metering goes on, whatever has become of the agreement (Rule Y5).";
}

function summaryOf(event: LedgerEvent): string {
  const { kind } = event;
  if (kind === "usage-registered") return registered(event.first);
  if (kind === "dry-run-passed") return "A dry run that would have succeeded (Rule M7): nothing was metered.";
  // Makes `Registration token issued.` of `registration-token-issued`.
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1).replaceAll("-", " ")}.`;
}

/** Times that earlier versions kept as numbers; all later ones are texts. */
const TIMES: ReadonlySet<string> = new Set(["startedAt", "stoppedAt", "now", "to", "of", "earliest"]);

function shownFigures(compared: Figures): Figures {
  const shown = Object.entries(compared).map(([name, value]): [string, string | number] => [
    name,
    typeof value === "number" && TIMES.has(name) ? iso(value) : value,
  ]);
  return Object.fromEntries(shown);
}
