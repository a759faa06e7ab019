/** Explains what became of each usage record of a BatchMeterUsage request, or of the single one of a MeterUsage request. */
import { ruleBook, iso, type RuleId, type UsageRecord } from "@countinghouse/protocol";
import { agreementView } from "../catalogue/documents.ts";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { customerOf } from "../domain/metering/metering-record.ts";
import type { LedgerEntry, LedgerEvent, DecidedRecord } from "../ledger/entry.ts";
import { meteringRecordId, parseMeteringRecordId } from "../ledger/ids.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { RecordExplanation, Rule } from "../operator/contract/ledger/explanation.ts";

type SentUsage = RecordExplanation["sent"];
type KeptUsage = NonNullable<RecordExplanation["kept"]>;

type UsageEvent = Extract<LedgerEvent, { kind: "usage-metered" }>;

interface UsageEntry extends LedgerEntry {
  readonly event: UsageEvent;
}

export async function explainRecords(entry: UsageEntry, ledger: Ledger): Promise<RecordExplanation[]> {
  const { records, unprocessed = [], resourceId } = entry.event;
  const rules = resourceId === undefined ? SELLERS : RESOURCES;
  const explained: RecordExplanation[] = [];
  for (const [position, metered] of records.entries()) {
    const record = position + 1;
    const { usageRecord, status, keptAs } = metered;
    const told = { record, status, sent: sentUsage(usageRecord) };
    if (keptAs !== undefined) {
      explained.push({
        ...told,
        meteringRecordId: keptAs,
        ...heldAgainst(metered, await keptUsage(keptAs, ledger), rules.replay),
      });
    } else if (status === "Success") {
      const id = meteringRecordId(entry.call.requestId, position);
      const rule = explainedRule(rules.accepted);
      explained.push({ ...told, outcome: "accepted", meteringRecordId: id, rule, compared: {} });
    } else {
      explained.push({ ...told, ...notSubscribed(metered, entry, ledger.catalogue) });
    }
  }
  for (const usageRecord of unprocessed) {
    const hint = "It was not decided and nothing of it is kept: send it again, unchanged.";
    const told = { record: explained.length + 1, sent: sentUsage(usageRecord), rule: explainedRule("F1") };
    explained.push({ ...told, outcome: "unprocessed", compared: {}, hint });
  }
  return explained;
}

/** The rules by which usage is one record, for sellers' records and for resources' own. */
const SELLERS = { accepted: "K1", replay: "K2" } as const;
const RESOURCES = { accepted: "M5", replay: "M5" } as const;

type Judged = Pick<RecordExplanation, "outcome" | "rule" | "compared" | "kept" | "agreements" | "hint">;

const NOT_ADDED = "Usage of one key is not added up within its hour: send an hour's total once, when it is over.";

/** Rules K2 and K3, or M5. */
function heldAgainst({ usageRecord, status }: DecidedRecord, kept: KeptUsage | undefined, replay: RuleId): Judged {
  const sent = sentUsage(usageRecord);
  const compared = {
    quantity: sent.quantity,
    timestamp: sent.timestamp,
    ...(kept === undefined ? {} : { keptQuantity: kept.quantity, keptTimestamp: kept.timestamp }),
  };
  if (status === "DuplicateRecord") {
    const what =
      kept?.quantity === sent.quantity
        ? "Its allocations differ from those of the record that stands, which is not replaced."
        : "The record that stands is neither replaced nor added to; nothing of this one is billed.";
    return { outcome: "duplicate", rule: explainedRule("K3"), compared, kept, hint: `${what} ${NOT_ADDED}` };
  }
  const again =
    kept === undefined || kept.timestamp === sent.timestamp
      ? "The same usage was kept before, and is counted once."
      : "The same usage was kept before, at another time within the hour, and is counted once.";
  const hint = `${again} Whoever meant to add to it has billed too little. ${NOT_ADDED}`;
  return { outcome: "replay", rule: explainedRule(replay), compared, kept, hint };
}

/** Rules G1 to G4. Only earlier entries would say how the agreements stood then. */
function notSubscribed(
  { usageRecord, rule = "G1" }: DecidedRecord,
  { atMs, event }: UsageEntry,
  catalogue: CatalogueView,
): Judged {
  const agreements = agreementsOf(usageRecord, event.productCode, catalogue).map((agreement) =>
    agreementView(agreement, atMs),
  );
  const hint =
    agreements.length === 0
      ? "The customer has no agreement for the product now."
      : "The agreements are shown as they are now, and may have been changed since the call.";
  const compared = { calledAt: iso(atMs), usedAt: iso(usageRecord.timestampMs) };
  return { outcome: "not-subscribed", rule: explainedRule(rule), compared, agreements, hint };
}

function agreementsOf(
  usageRecord: UsageRecord,
  productCode: string | undefined,
  catalogue: CatalogueView,
): readonly Agreement[] {
  if (usageRecord.licenseArn !== undefined) {
    const agreement = catalogue.agreementByLicense(usageRecord.licenseArn);
    return agreement === undefined ? [] : [agreement];
  }
  return catalogue.agreementsOf(productCode ?? "", customerOf(usageRecord));
}

async function keptUsage(id: string, ledger: Ledger): Promise<KeptUsage | undefined> {
  const made = parseMeteringRecordId(id);
  const entry = made && (await ledger.entry(made.requestId));
  const record = made && entry?.event.kind === "usage-metered" ? entry.event.records[made.position] : undefined;
  if (made === undefined || entry === undefined || record === undefined) return undefined;
  const { requestId } = made;
  return { meteringRecordId: id, requestId, recordedAt: iso(entry.atMs), ...sentUsage(record.usageRecord) };
}

function sentUsage(sent: UsageRecord): SentUsage {
  return {
    timestamp: iso(sent.timestampMs),
    customerIdentifier: sent.customerIdentifier,
    customerAccountId: sent.customerAccountId,
    licenseArn: sent.licenseArn,
    dimension: sent.dimension,
    usageAllocations: sent.usageAllocations,
    quantity: sent.quantity ?? 0,
  };
}

export function explainedRule(id: RuleId): Rule {
  const { text, source, inForce, reading } = ruleBook[id];
  return { id, text, source, inForce: { from: inForce.from, until: inForce.until, before: inForce.before }, reading };
}
