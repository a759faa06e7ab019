/**
 * What was used in a range of hours: from the ledger's sums, and, where it is asked for, what is reckoned of running resources and not in
 * the ledger yet. Resources are read before the sums. What was written of a resource in between is taken out of the sums again, since
 * it is reckoned as well. Rule H4.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { hoursDimensionOf } from "../../domain/catalogue/product.ts";
import { accountCustomer, adjustmentOf, customerOf } from "../../domain/metering/metering-record.ts";
import { isKnownTo, outstanding } from "../../domain/resources/accrual.ts";
import {
  registrationOf,
  type MeteredResource,
  type UsageRegistration,
} from "../../domain/resources/metered-resource.ts";
import type { AccruedUse } from "../../ledger/entry.ts";
import { FaultError, type Ledger, type ListedRecord } from "../../ledger/ledger.ts";
import type { NamesAsMetered } from "../../ledger/names-as-metered.ts";
import { pagesOf } from "../../ledger/pages.ts";
import type { SumsAnswer, SumsQuestion, UsageSum, UseKind } from "../../ledger/sums/sums.ts";
import { steadySpans, type Wanted } from "./steady-spans.ts";

/** An amount of something, whose price and unit are those of its hour. */
export interface Used extends Omit<UsageSum, "kind"> {
  readonly kind: UseKind | "provisional";
  /** When it was kept, where names depend on that. */
  readonly recordedAtMs?: EpochMs | undefined;
}

interface UsedQuery extends Wanted {
  /** Up to when running resources are reckoned; undefined: what the ledger holds, and nothing else. */
  readonly reckonedAtMs?: EpochMs | undefined;
}

interface UsedIn {
  /** In the order of time, as far as that is known. */
  readonly used: readonly Used[];
  readonly completeSinceMs: EpochMs | undefined;
}

type Registrations = ReadonlyMap<string, readonly UsageRegistration[]>;

const PAGE_RECORDS = 1_000;
const RESOURCES_AT_ONCE = 500;

export async function usedIn(
  ledger: Ledger,
  names: NamesAsMetered,
  { reckonedAtMs, ...wanted }: UsedQuery,
): Promise<UsedIn> {
  const accruedAfter = reckonedAtMs === undefined ? undefined : await ledger.chainHeads();
  const { registrations, provisional } =
    reckonedAtMs === undefined ? NOTHING_RUNS : await reckoned(ledger, wanted, reckonedAtMs);
  const renamed = names.renamedProducts();
  const sums = await steadySums(ledger, wanted, renamed, accruedAfter);
  const unheld = sums.accrued
    .filter(({ productCode, use }) => isIn(use.hour, wanted) && !renamed.includes(productCode))
    .filter(({ productCode, use }) => !isHeld({ ...use, productCode }, registrations))
    .map(({ productCode, use }) => takenOut(productCode, use));
  const records = renamed.length === 0 ? [] : await recordsOf(ledger, names, renamed, wanted, registrations);
  const used = [...sums.usage.flat(), ...unheld, ...records].toSorted((a, b) => a.lastMs - b.lastMs);
  return { used: [...used, ...provisional], completeSinceMs: await completeSince(ledger, sums, renamed) };
}

/** Of records that are read one by one, nothing is known any more once they have expired. */
async function completeSince(
  ledger: Ledger,
  { completeSinceMs }: SumsAnswer,
  renamed: readonly string[],
): Promise<EpochMs | undefined> {
  const keptSinceMs = renamed.length === 0 ? undefined : await ledger.keptSince();
  return keptSinceMs === undefined ? completeSinceMs : Math.max(keptSinceMs, completeSinceMs ?? keptSinceMs);
}

/** A price that changes while sums are read cuts what they are read by anew. */
async function steadySums(
  ledger: Ledger,
  wanted: Wanted,
  renamed: readonly string[],
  accruedAfter: SumsQuestion["accruedAfter"],
): Promise<SumsAnswer> {
  for (let tries = 1; ; tries += 1) {
    const usage = steadySpans(ledger.catalogue, wanted, renamed);
    const answer = await ledger.sums({ usage, accruedAfter });
    if (JSON.stringify(steadySpans(ledger.catalogue, wanted, renamed)) === JSON.stringify(usage)) return answer;
    if (tries === TRIES_MAX) throw new FaultError("Prices change again and again while sums are read", undefined);
  }
}

const TRIES_MAX = 10;

const NOTHING_RUNS = { registrations: new Map() as Registrations, provisional: [] as readonly Used[] };

function isIn(hour: number, { fromHour, toHour }: Pick<Wanted, "fromHour" | "toHour">): boolean {
  return hour >= fromHour && hour < toHour;
}

/** Each resource as it is when it is read, with what its registrations know of. */
async function reckoned(
  ledger: Ledger,
  range: Pick<Wanted, "fromHour" | "toHour">,
  nowMs: EpochMs,
): Promise<{ readonly registrations: Registrations; readonly provisional: readonly Used[] }> {
  const registrations = new Map<string, readonly UsageRegistration[]>();
  const uses = new Map<string, { used: Used; seconds: number }>();
  const reckon = ({ accountId, region, ...resource }: MeteredResource, registration: UsageRegistration): void => {
    const { productCode: product } = registration;
    // Undefined: the product's dimension of hours.
    const dimension = registration.dimension ?? hoursDimensionOf(ledger.catalogue.product(product)).name;
    for (const { hour, seconds } of outstanding({ ...resource, accountId, region }, registration, nowMs, range)) {
      const key = JSON.stringify([product, accountId, dimension, region, hour]);
      const known = uses.get(key);
      if (known !== undefined) known.seconds += seconds;
      else {
        const customer = accountCustomer(accountId);
        const kind = "provisional" as const;
        uses.set(key, {
          used: { product, customer, dimension, region, hour, kind, amount: 0n, lastMs: nowMs },
          seconds,
        });
      }
    }
  };
  for await (const resources of pagesOf((cursor) => ledger.resources({ cursor, limit: RESOURCES_AT_ONCE }))) {
    for (const resource of resources) {
      if (resource.registrations.length > 0) registrations.set(resource.resourceId, resource.registrations);
      for (const registration of resource.registrations) reckon(resource, registration);
    }
  }
  const provisional = [...uses.values()].map(({ used, seconds }) => ({ ...used, amount: BigInt(seconds) }));
  return { registrations, provisional };
}

/** Whether a registration, as it was read, knows of a use. What is of no registration that was read is held. */
function isHeld(
  {
    resourceId,
    productCode,
    hour,
    adjustment,
  }: Pick<AccruedUse, "resourceId" | "hour" | "adjustment"> & {
    readonly productCode: string;
  },
  known: Registrations,
): boolean {
  const registrations = known.get(resourceId);
  const registration = registrations && registrationOf({ registrations }, productCode);
  return registration === undefined || isKnownTo(registration, hour, adjustment);
}

function takenOut(product: string, use: AccruedUse): Used {
  const { customerAccountId, dimension, region, hour, seconds, adjustment } = use;
  const kind = adjustment === undefined ? ("final" as const) : ("adjustment" as const);
  const customer = accountCustomer(customerAccountId);
  return { product, customer, dimension, region, hour, kind, amount: -BigInt(seconds), lastMs: hour * HOUR_MS };
}

/** What cannot be told from sums, since names were changed: an earlier version let that be. */
async function recordsOf(
  ledger: Ledger,
  names: NamesAsMetered,
  renamed: readonly string[],
  wanted: Wanted,
  registrations: Registrations,
): Promise<readonly Used[]> {
  const codes = renamed.filter((code) => wanted.products?.includes(code) ?? true);
  const offerings = codes.flatMap((code) => [code, ...names.licencesOf(code)]);
  const { fromHour, toHour, customers } = wanted;
  const query = { fromHour, toHour: toHour - 1, offerings, customers, limit: PAGE_RECORDS };
  const found: Used[] = [];
  for await (const records of pagesOf((cursor) => ledger.meteringRecords({ ...query, cursor }))) {
    for (const record of records) {
      const isMeant = codes.includes(record.productCode) && (wanted.dimensions?.includes(record.key.dimension) ?? true);
      if (isMeant && isRecordHeld(record, registrations)) found.push(usedBy(record));
    }
  }
  return found;
}

function isRecordHeld({ resourceId, productCode, key, accrued }: ListedRecord, registrations: Registrations): boolean {
  if (accrued !== true || resourceId === undefined) return true;
  return isHeld({ resourceId, productCode, hour: key.hour, adjustment: adjustmentOf(key) }, registrations);
}

function usedBy({ productCode, key, usageRecord, accrued, recordedAtMs }: ListedRecord): Used {
  return {
    product: productCode,
    customer: customerOf(usageRecord),
    dimension: key.dimension,
    region: key.region,
    hour: key.hour,
    kind: accrued !== true ? "units" : adjustmentOf(key) === undefined ? "final" : "adjustment",
    amount: BigInt(usageRecord.quantity ?? 0),
    lastMs: usageRecord.timestampMs,
    recordedAtMs,
  };
}
