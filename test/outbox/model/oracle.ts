/**
 * What must hold of an outbox after every step, whatever has happened: O1 to O16, told from what was recorded, what the service
 * keeps, and the rows. Fractions are exact, and none of the outbox's own arithmetic is used.
 */
import type { Entry, OutboxStore, ReadingInput } from "@countinghouse/outbox";
import type { KeptRecord, ModelService } from "./service.ts";
import type { Timeliness } from "./timeliness.ts";

/** A decimal as a fraction of 10^18. */
function exact(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  const size = BigInt(`${whole.replace("-", "")}${fraction.padEnd(18, "0")}`);
  return text.startsWith("-") ? -size : size;
}

const ONE = 10n ** 18n;
const WAITS = new Set(["waiting", "gathering", "dissolved"]);
const UNBILLED = new Set(["late", "not-bound", "after-end", "discarded"]);

export class Oracle {
  readonly #service: ModelService;
  readonly #pers: ReadonlyMap<string, bigint>;
  /** What was acknowledged as recorded, by tenant and id. */
  readonly recorded = new Map<string, ReadingInput>();
  readonly timeliness: Timeliness;
  readonly #bodies = new Map<string, string>();

  constructor(service: ModelService, pers: Readonly<Record<string, string>>, timeliness: Timeliness) {
    this.#service = service;
    this.timeliness = timeliness;
    this.#pers = new Map(Object.entries(pers).map(([meter, per]) => [meter, exact(per)]));
  }

  /** The first thing that does not hold; undefined where all does. */
  async problem(store: OutboxStore): Promise<string | undefined> {
    const entries = await store.entries({});
    const totals = await store.totals();
    const balances = await store.balances();
    for (const meter of this.#pers.keys()) {
      const readings = [...this.recorded.values()].filter((one) => one.meter === meter);
      const mine = totals.filter((one) => one.meter === meter);
      const count = mine.reduce((sum, one) => sum + one.readings, 0);
      if (count !== readings.length)
        return `O1: ${readings.length} readings of ${meter} were recorded, ${count} are there`;
      const used = readings.reduce((sum, one) => sum + exact(String(one.quantity)), 0n);
      const own = entries.filter((one) => one.meter === meter);
      const [first] = own;
      const kept =
        sumOf(mine.filter(({ fate }) => WAITS.has(fate) || UNBILLED.has(fate)).map(({ sum }) => sum)) +
        own.reduce((sum, entry) => sum + this.#accountOf(entry), 0n) +
        sumOf(
          balances.filter(({ dimension }) => dimension === (first?.dimension ?? meter)).map(({ amount }) => amount),
        );
      if (kept !== used) return `O3: ${used} of ${meter} was recorded, and ${kept} is accounted for`;
    }
    const attempts = await store.attemptsOf(entries.map(({ entryId }) => entryId));
    for (const entry of entries) {
      const own = attempts.filter(({ entryId }) => entryId === entry.entryId);
      const problem = this.#problemOf(entry, own);
      if (problem !== undefined) return `${problem}: ${JSON.stringify(entry)}`;
    }
    const late = totals.filter(({ fate }) => fate === "late" || fate === "credited");
    const endedCount = late.reduce((sum, { readings }) => sum + readings, 0);
    const problem = await this.timeliness.problem(store, this.#service.nowMs, entries, attempts, endedCount);
    return problem ?? this.#unknownRecord(entries);
  }

  /** What of the readings an entry stands for; what it took from its balance and gave back is the balance's. */
  #accountOf({ state, units, meter, sum, leftOver, carriedIn, why }: Entry): bigint {
    if (state === "gathering" || state === "dissolved") return 0n;
    if (state === "refused" || state === "expired") return exact(sum) - exact(leftOver);
    // Its units are more than an entry says.
    if (why === "overflow") return exact(sum) + exact(carriedIn) - exact(leftOver);
    return BigInt(units) * (this.#pers.get(meter) ?? ONE);
  }

  #problemOf(entry: Entry, attempts: Awaited<ReturnType<OutboxStore["attemptsOf"]>>): string | undefined {
    const { entryId, state, body, meteringRecordId } = entry;
    if (body !== undefined) {
      const before = this.#bodies.get(entryId) ?? body;
      if (before !== body) return "O2: a body changed";
      this.#bodies.set(entryId, body);
    }
    const shown = attempts.some(({ end }) => end === "shown-kept");
    const kept = this.#keptOf(entry);
    if (state === "delivered" && !shown && kept?.id !== meteringRecordId)
      return "O5: delivered without the service's id";
    if (state === "delivered" && kept === undefined) return "O5: delivered, and the service does not have it";
    if (["refused", "expired", "empty"].includes(state) && kept !== undefined) {
      return `O8: ${state}, and the service has kept it`;
    }
    const open = attempts.some(({ end }) => end === undefined || end === "unknown");
    const proved = attempts.some(({ end }) => end === "shown-not-kept");
    if ((state === "refused" || state === "expired") && open && !proved)
      return `${state} beside an attempt without an end`;
    return undefined;
  }

  /** Whether the service has an entry's record. */
  keeps(entry: Entry): boolean {
    return this.#keptOf(entry) !== undefined;
  }

  #keptOf(entry: Entry) {
    return keptOf(this.#service, entry);
  }

  /** O2 and O4: what comes to the service is an entry's body, and an attempt for it is in the store, without an end. */
  async sent(store: OutboxStore, records: readonly object[]): Promise<void> {
    const entries = await store.entries({});
    for (const record of records) {
      const text = textOf(record);
      const own = entries.filter(
        ({ body, state }) => body !== undefined && state !== "dissolved" && recordTextOf(body) === text,
      );
      if (own.length === 0) throw new Error(`O2: what was sent is nobody's body: ${text}`);
      const attempts = await store.attemptsOf(own.map(({ entryId }) => entryId));
      const begun = attempts.filter(({ end }) => end === undefined);
      if (begun.length === 0) throw new Error(`O4: sent without an attempt in the store: ${text}`);
    }
  }

  /** O6, O8: every record of the service is that of one entry, and none of an entry that was taken apart and not made again. */
  #unknownRecord(entries: readonly Entry[]): string | undefined {
    const bodies = new Map(
      entries.filter(({ state }) => state !== "dissolved").map((entry) => [recordTextOf(entry.body ?? "{}"), entry]),
    );
    for (const { record } of this.#service.kept.values()) {
      if (!bodies.has(textOf(record))) return `O6: the service has a record that is no entry's: ${textOf(record)}`;
    }
    return undefined;
  }
}

function sumOf(texts: readonly string[]): bigint {
  return texts.reduce((sum, text) => sum + exact(text), 0n);
}

/** What a service has of an entry. */
export function keptOf(service: ModelService, { body }: Entry): KeptRecord | undefined {
  if (body === undefined) return undefined;
  const text = recordTextOf(body);
  return [...service.kept.values()].find(({ record }) => textOf(record) === text);
}

/** A record by what it says: customer, dimension, second, quantity, allocations. */
function textOf(record: object): string {
  const { timestamp, dimension, quantity, customerAccountId, licenseArn, usageAllocations } = record as Record<
    string,
    unknown
  >;
  const seconds = Math.floor((timestamp as Date).getTime() / 1000);
  const parts = (
    usageAllocations as
      | readonly { allocatedUsageQuantity: number; tags?: readonly { key: string; value: string }[] }[]
      | undefined
  )?.map((part) => [part.allocatedUsageQuantity, part.tags?.map(({ key, value }) => `${key}=${value}`)]);
  return JSON.stringify([seconds, dimension, quantity, customerAccountId, licenseArn, parts]);
}

/** The same, of a body as AWS names it. */
function recordTextOf(body: string): string {
  const { Timestamp, Dimension, Quantity, CustomerAWSAccountId, LicenseArn, UsageAllocations } = JSON.parse(
    body,
  ) as Record<string, unknown>;
  const parts = (
    UsageAllocations as
      | readonly { AllocatedUsageQuantity: number; Tags?: readonly { Key: string; Value: string }[] }[]
      | undefined
  )?.map((part) => [part.AllocatedUsageQuantity, part.Tags?.map(({ Key, Value }) => `${Key}=${Value}`)]);
  return JSON.stringify([Timestamp, Dimension, Quantity, CustomerAWSAccountId, LicenseArn, parts]);
}
