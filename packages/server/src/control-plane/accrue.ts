/**
 * Puts the use of registered resources that has become due into the ledger: many resources of one product in a transaction.
 * Each transaction holds what was planned against the resource as it finds it, and moves the registration on together with
 * the records: whoever else does the same work, and whenever this one is broken off, an hour is written once. Rule H4.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { due, type AccrualStep, type HourUse } from "../domain/resources/accrual.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import { registrationOf, type MeteredResource } from "../domain/resources/metered-resource.ts";
import { type AcceptedRecord, accruedKey } from "../domain/metering/metering-record.ts";
import { hoursDimensionOf } from "../domain/catalogue/product.ts";
import type { AccruedUse, Call } from "../ledger/entry.ts";
import { RECORDS_PER_ENTRY_MAX } from "../ledger/ids.ts";
import type { Facts, Ledger, Decision, Work } from "../ledger/ledger.ts";

/** Registrations that are moved on in one transaction, those included whose hours turned out to hold no use. */
const REGISTRATIONS_MAX = 254;

/** What is to be written of one product. */
interface Portion {
  readonly productCode: string;
  readonly dimension: string;
  readonly plans: Plan[];
  uses: number;
}

interface Plan {
  readonly dimension: string;
  readonly resourceId: string;
  readonly uses: readonly AccruedUse[];
}

/** Answers how many uses were written. */
export async function accrue(ledger: Ledger, newCall: () => Call, nowMs: EpochMs): Promise<number> {
  let total = 0;
  for (;;) {
    const { uses, moved } = await accrueOnce(ledger, newCall, nowMs);
    total += uses;
    // What is planned again and again and never moves is being moved by somebody else.
    if (moved === 0) return total;
  }
}

interface Written {
  readonly uses: number;
  /** Registrations that were moved on. */
  readonly moved: number;
}

/** One step of each registration that has anything due. */
async function accrueOnce(ledger: Ledger, newCall: () => Call, nowMs: EpochMs): Promise<Written> {
  const portions = new Map<string, Portion>();
  let uses = 0;
  let moved = 0;
  const write = async (portion: Portion): Promise<void> => {
    const written = await ledger.transact(accrualWork(newCall(), portion, nowMs));
    uses += written.uses;
    moved += written.moved;
  };
  for (const resource of ledger.catalogue.list("resource")) {
    for (const { productCode } of resource.registrations) {
      const step = stepOf(resource, productCode, nowMs);
      if (step === undefined) continue;
      let portion = portions.get(productCode) ?? newPortion(ledger.catalogue, productCode);
      const isFull =
        portion.uses + step.uses.length > RECORDS_PER_ENTRY_MAX || portion.plans.length >= REGISTRATIONS_MAX;
      if (isFull) {
        await write(portion);
        portion = newPortion(ledger.catalogue, productCode);
      }
      const dimension = registrationOf(resource, productCode)?.dimension ?? portion.dimension;
      portion.plans.push({
        resourceId: resource.resourceId,
        dimension,
        uses: step.uses.map((use) => accruedUse(use, resource, dimension)),
      });
      portion.uses += step.uses.length;
      portions.set(productCode, portion);
    }
  }
  for (const portion of portions.values()) await write(portion);
  return { uses, moved };
}

function stepOf(resource: MeteredResource, productCode: string, nowMs: EpochMs): AccrualStep | undefined {
  const registration = registrationOf(resource, productCode);
  return registration && due(resource, registration, nowMs, RECORDS_PER_ENTRY_MAX);
}

function newPortion(catalogue: CatalogueView, productCode: string): Portion {
  const dimension = hoursDimensionOf(catalogue.product(productCode)).name;
  return { productCode, dimension, plans: [], uses: 0 };
}

function accruedUse(use: HourUse, { resourceId, accountId, region }: MeteredResource, dimension: string): AccruedUse {
  return { resourceId, customerAccountId: accountId, region, dimension, ...use };
}

function accrualWork(call: Call, { productCode, plans }: Portion, nowMs: EpochMs): Work<Written> {
  const planned = plans.flatMap(({ uses }) => uses);
  const keys = planned.map((use) => accruedKey(use, productCode));
  return {
    call,
    keys,
    decide: ({ catalogue, kept }: Facts): Decision<Written> => {
      const uses: AccruedUse[] = [];
      const records: AcceptedRecord[] = [];
      const changes: CatalogueChange[] = [];
      let next = 0;
      for (const plan of plans) {
        const first = next;
        next += plan.uses.length;
        const moved = movedOn(catalogue.resource(plan.resourceId), plan, productCode, nowMs);
        if (moved === undefined) continue;
        changes.push({ kind: "resource", id: moved.resourceId, value: moved });
        for (const [i, use] of plan.uses.entries()) {
          const key = keys[first + i];
          // A resource that was forgotten and came back has hours in the ledger that its registration knows nothing of.
          if (key === undefined || kept[first + i] !== undefined) continue;
          records.push({ position: uses.length, key, quantity: use.seconds });
          uses.push(use);
        }
      }
      return {
        event: { kind: "usage-accrued", productCode, uses },
        records,
        catalogue: changes,
        answer: { uses: uses.length, moved: changes.length },
      };
    },
  };
}

/** The resource once the plan is written; undefined where something else is due by now. */
function movedOn(
  resource: MeteredResource | undefined,
  plan: Plan,
  productCode: string,
  nowMs: EpochMs,
): MeteredResource | undefined {
  const step = resource && stepOf(resource, productCode, nowMs);
  if (resource === undefined || step === undefined || !sameUses(step.uses, plan.uses)) return undefined;
  const registrations = resource.registrations.map((registration) =>
    registration.productCode === productCode ? { ...step.registration, dimension: plan.dimension } : registration,
  );
  return { ...resource, registrations };
}

function sameUses(a: readonly HourUse[], b: readonly HourUse[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ hour, seconds, adjustment }, i) => {
      const other = b[i];
      return hour === other?.hour && seconds === other.seconds && adjustment === other.adjustment;
    })
  );
}
