/** Reads the calls that advice is about from the ledger: of a stretch of time, and never more than so many entries. */
import { HOUR_MS, type BatchMeterUsageInput, type EpochMs, type UsageRecord } from "@countinghouse/protocol";
import type { BatchCall, Cancellation, History, Resolution, SentRecord } from "../domain/advice/history.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { customerOf, keyOf, keyText } from "../domain/metering/metering-record.ts";
import type { Call, DecidedRecord, LedgerEntry, LedgerEvent } from "../ledger/entry.ts";
import { meteringRecordId, parseMeteringRecordId } from "../ledger/ids.ts";
import type { EventQuery, Ledger } from "../ledger/ledger.ts";

/** What advice is asked about. */
export interface AdviceQuery {
  /** The seller's. */
  readonly accountId?: string | undefined;
  readonly productCode?: string | undefined;
  readonly fromMs: EpochMs;
  /** Not included. */
  readonly toMs: EpochMs;
}

interface ReadHistory {
  readonly history: History;
  readonly entriesRead: number;
  /** Where there are too many entries for the whole time: from when on they were looked at. */
  readonly completeFromMs: EpochMs | undefined;
}

/** How many entries are read, the newest first. */
export interface AdviceBounds {
  readonly meteringEntriesMax: number;
  /** Of tokens resolved and agreements cancelled. */
  readonly otherEntriesMax: number;
}

/** Records of before that time that repetitions are held against. */
const KEPT_LOOKED_UP_MAX = 200;
const PAGE_ENTRIES = 500;

export async function readHistory(
  ledger: Ledger,
  query: AdviceQuery,
  nowMs: EpochMs,
  { meteringEntriesMax, otherEntriesMax }: AdviceBounds,
): Promise<ReadHistory> {
  const { accountId, productCode, fromMs, toMs } = query;
  const span = { fromMs, toMs, order: "newest" } as const;
  const metering = { ...span, operations: ["BatchMeterUsage"], accountId, productCode };
  const metered = await newest(ledger, metering, meteringEntriesMax);
  const others = await newest(ledger, { ...span, operations: ["ResolveCustomer", "CancelAgreement"] }, otherEntriesMax);
  const { catalogue } = ledger;
  const keptEntries = await keptBefore(ledger, metered.entries);
  const entries = others.entries.toReversed();
  return {
    history: {
      // What came after the time that was asked about is not read, so nothing is said to have been missed by then.
      nowMs: Math.min(nowMs, toMs),
      calls: metered.entries.toReversed().flatMap((entry) => batchCall(entry, catalogue, keptEntries)),
      resolutions: entries.flatMap(resolutionOf),
      cancellations: entries.flatMap((entry) => cancellationsOf(entry, catalogue)),
    },
    entriesRead: metered.entries.length + others.entries.length,
    completeFromMs: latest([metered.completeFromMs, others.completeFromMs]),
  };
}

interface Newest {
  readonly entries: readonly LedgerEntry[];
  readonly completeFromMs: EpochMs | undefined;
}

async function newest(ledger: Ledger, query: Omit<EventQuery, "limit">, max: number): Promise<Newest> {
  const entries: LedgerEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.events({ ...query, cursor, limit: Math.min(PAGE_ENTRIES, max - entries.length) });
    entries.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && entries.length < max);
  return { entries, completeFromMs: cursor === undefined ? undefined : entries.at(-1)?.atMs };
}

function latest(times: readonly (EpochMs | undefined)[]): EpochMs | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

type Entries = ReadonlyMap<string, LedgerEntry>;

/** The entries that records were held against: those that were read anyway, and some that lie before. */
async function keptBefore(ledger: Ledger, read: readonly LedgerEntry[]): Promise<Entries> {
  const known = new Map(read.map((entry) => [entry.call.requestId, entry]));
  const wanted = read.flatMap(({ event }) => {
    const records = event.kind === "usage-metered" ? event.records : [];
    return records.map(({ keptAs }) => keptAs && parseMeteringRecordId(keptAs)?.requestId);
  });
  const missing = wanted.filter((id) => typeof id === "string").filter((id) => !known.has(id));
  for (const id of [...new Set(missing)].slice(0, KEPT_LOOKED_UP_MAX)) {
    const entry = await ledger.entry(id);
    if (entry !== undefined) known.set(id, entry);
  }
  return known;
}

function batchCall({ call, atMs, event }: LedgerEntry, catalogue: CatalogueView, entries: Entries): BatchCall[] {
  if (event.kind === "call-refused") return refusedCall({ call, atMs, event }, catalogue);
  if (event.kind !== "usage-metered" || event.resourceId !== undefined) return [];
  const { requestId, accountId = "", region = "" } = call;
  const { productCode = "", unprocessed = [] } = event;
  const about = { productCode, region, catalogue };
  const decided = event.records.map((record, position): SentRecord => {
    const kept = keptOf(record.keptAs ?? meteringRecordId(requestId, position), entries);
    return { ...sentRecord(record.usageRecord, about), outcome: outcomeOf(record), kept };
  });
  const returned = unprocessed.map((record): SentRecord => ({ ...sentRecord(record, about), outcome: "unprocessed" }));
  const failedBy = failureOf(call);
  return [{ requestId, atMs, accountId, productCode, region, failedBy, records: [...decided, ...returned] }];
}

type Refusal = Extract<LedgerEvent, { kind: "call-refused" }>;

/** None for a request that could not be read, or is not kept whole. */
function refusedCall(
  { call, atMs, event: { request, clipped } }: Omit<LedgerEntry, "event"> & { readonly event: Refusal },
  catalogue: CatalogueView,
): BatchCall[] {
  if (request === undefined || clipped !== undefined) return [];
  const { requestId, accountId = "", region = "" } = call;
  const { productCode: named, usageRecords = [] } = request as Partial<BatchMeterUsageInput>;
  const licenseArn = usageRecords.find((record) => record.licenseArn !== undefined)?.licenseArn ?? "";
  const productCode = named ?? catalogue.agreementByLicense(licenseArn)?.productCode ?? "";
  const about = { productCode, region, catalogue };
  const records = usageRecords.map((record): SentRecord => ({ ...sentRecord(record, about), outcome: "refused" }));
  return [{ requestId, atMs, accountId, productCode, region, failedBy: failureOf(call), records }];
}

function failureOf({ faults = [] }: Call): BatchCall["failedBy"] {
  const kinds = faults.map(({ kind }) => kind);
  return (["throttle", "internal-error", "drop-answer"] as const).find((kind) => kinds.includes(kind));
}

interface About {
  readonly productCode: string;
  readonly region: string;
  readonly catalogue: CatalogueView;
}

function sentRecord(record: UsageRecord, { productCode, region, catalogue }: About): Omit<SentRecord, "outcome"> {
  const { customerIdentifier, customerAccountId, licenseArn, timestampMs, quantity = 0, dimension } = record;
  const [agreement] = catalogue.agreementsOf(productCode, customerOf(record));
  const named = customerIdentifier === undefined ? "CustomerAWSAccountId" : "CustomerIdentifier";
  return {
    key: keyText(keyOf(record, productCode, region)),
    hour: Math.floor(timestampMs / HOUR_MS),
    timestampMs,
    quantity,
    dimension,
    customer: agreement?.customerAccountId ?? customerAccountId ?? customerIdentifier ?? "",
    namedBy: `${named} with ${licenseArn === undefined ? "ProductCode" : "LicenseArn"}`,
  };
}

function outcomeOf({ status, keptAs }: DecidedRecord): SentRecord["outcome"] {
  if (status === "CustomerNotSubscribed") return "not-subscribed";
  if (status === "DuplicateRecord") return "duplicate";
  return keptAs === undefined ? "accepted" : "replay";
}

function keptOf(id: string, entries: Entries): SentRecord["kept"] {
  const made = parseMeteringRecordId(id);
  const event = made && entries.get(made.requestId)?.event;
  const decided = made && event?.kind === "usage-metered" ? event.records[made.position] : undefined;
  if (decided === undefined) return undefined;
  const { timestampMs, quantity = 0 } = decided.usageRecord;
  return { timestampMs, quantity };
}

function resolutionOf({ call, atMs, event }: LedgerEntry): Resolution[] {
  const { requestId, accountId = "" } = call;
  const told = { requestId, atMs, accountId };
  if (event.kind === "customer-resolved") return [{ ...told, productCode: event.customer.productCode }];
  // Rule T3: the token is good, and the product another account's.
  return event.kind === "call-refused" && event.rule === "T3" ? [{ ...told, productCode: undefined }] : [];
}

function cancellationsOf({ call, atMs, event }: LedgerEntry, catalogue: CatalogueView): Cancellation[] {
  if (event.kind !== "catalogue-changed") return [];
  return event.changes.flatMap(({ kind, id }) => {
    const agreement = kind === "agreement" ? catalogue.agreement(id) : undefined;
    if (agreement?.cancelledAtMs === undefined) return [];
    const { productCode, customerAccountId: customer } = agreement;
    const sellerAccountId = catalogue.product(productCode)?.seller ?? "";
    return [{ requestId: call.requestId, atMs, agreementId: id, productCode, customer, sellerAccountId }];
  });
}
