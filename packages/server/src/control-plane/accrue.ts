/**
 * Puts due use of registered resources into the ledger, many resources of one product in each transaction. A transaction
 * compares its plan with the resource as it is then, and updates the registration together with the records. So an hour is
 * written once, whoever else does the same work and wherever this work breaks off. Rule H4.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { due, type AccrualStep, type HourUse } from "../domain/resources/accrual.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { registrationOf, type MeteredResource } from "../domain/resources/metered-resource.ts";
import { type AcceptedRecord, accruedKey } from "../domain/metering/metering-record.ts";
import { hoursDimensionOf } from "../domain/catalogue/product.ts";
import type { AccruedUse, Call } from "../ledger/entry.ts";
import { RECORDS_PER_ENTRY_MAX } from "../ledger/ids.ts";
import type { Facts, Ledger, Decision, Work } from "../ledger/ledger.ts";
import { putResource, type ResourceChange } from "../ledger/resource-facts.ts";
import { dueResources } from "./due-resources.ts";

/** How many registrations one transaction updates, including those whose hours turned out to hold no use. */
const REGISTRATIONS_MAX = 254;

/** What is to be written for one product. */
interface Portion {
  readonly productCode: string;
  readonly dimension: string;
  /** By resource. */
  readonly plans: Map<string, Plan>;
  uses: number;
}

interface Plan {
  readonly dimension: string;
  readonly resourceId: string;
  readonly uses: readonly AccruedUse[];
}

export async function accrue(ledger: Ledger, newCall: () => Call, nowMs: EpochMs): Promise<void> {
  // A registration that is planned again and again but never moves is being moved by another node.
  while ((await accrueOnce(ledger, newCall, nowMs)) > 0);
}

/** Makes one step for each registration that has due use. Answers how many registrations were updated. */
async function accrueOnce(ledger: Ledger, newCall: () => Call, nowMs: EpochMs): Promise<number> {
  const portions = new Map<string, Portion>();
  let moved = 0;
  const write = async (portion: Portion): Promise<void> => {
    moved += await ledger.transact(accrualWork(newCall(), portion, nowMs));
  };
  for await (const resource of dueResources(ledger, nowMs)) {
    for (const { productCode } of resource.registrations) {
      const step = stepOf(resource, productCode, nowMs);
      if (step === undefined) continue;
      let portion = portions.get(productCode) ?? newPortion(ledger.catalogue, productCode);
      // The resource has changed since it was planned, and is listed again. The transaction checks the first plan.
      if (portion.plans.has(resource.resourceId)) continue;
      const isFull = portion.uses + step.uses.length > RECORDS_PER_ENTRY_MAX || portion.plans.size >= REGISTRATIONS_MAX;
      if (isFull) {
        await write(portion);
        portion = newPortion(ledger.catalogue, productCode);
      }
      const dimension = registrationOf(resource, productCode)?.dimension ?? portion.dimension;
      portion.plans.set(resource.resourceId, {
        resourceId: resource.resourceId,
        dimension,
        uses: step.uses.map((use) => accruedUse(use, resource, dimension)),
      });
      portion.uses += step.uses.length;
      portions.set(productCode, portion);
    }
  }
  for (const portion of portions.values()) await write(portion);
  return moved;
}

function stepOf(resource: MeteredResource, productCode: string, nowMs: EpochMs): AccrualStep | undefined {
  const registration = registrationOf(resource, productCode);
  return registration && due(resource, registration, nowMs, RECORDS_PER_ENTRY_MAX);
}

function newPortion(catalogue: CatalogueView, productCode: string): Portion {
  const dimension = hoursDimensionOf(catalogue.product(productCode)).name;
  return { productCode, dimension, plans: new Map(), uses: 0 };
}

function accruedUse(use: HourUse, { resourceId, accountId, region }: MeteredResource, dimension: string): AccruedUse {
  return { resourceId, customerAccountId: accountId, region, dimension, ...use };
}

/** Answers how many registrations were updated. */
function accrualWork(call: Call, portion: Portion, nowMs: EpochMs): Work<number> {
  const { productCode } = portion;
  const plans = [...portion.plans.values()];
  const planned = plans.flatMap(({ uses }) => uses);
  const keys = planned.map((use) => accruedKey(use, productCode));
  return {
    call,
    keys,
    resources: plans.map((plan) => plan.resourceId),
    productCode,
    decide: ({ resources, kept }: Facts): Decision<number> => {
      const uses: AccruedUse[] = [];
      const records: AcceptedRecord[] = [];
      const changes: ResourceChange[] = [];
      let next = 0;
      for (const [n, plan] of plans.entries()) {
        const first = next;
        next += plan.uses.length;
        const moved = movedOn(resources[n], plan, productCode, nowMs);
        if (moved === undefined) continue;
        changes.push(putResource(moved));
        for (const [i, use] of plan.uses.entries()) {
          const key = keys[first + i];
          // A resource that was forgotten and came back has hours in the ledger that its new registration does not count.
          if (key === undefined || kept[first + i] !== undefined) continue;
          records.push({ position: uses.length, key, quantity: use.seconds });
          uses.push(use);
        }
      }
      return {
        event: { kind: "usage-accrued", productCode, uses },
        records,
        resources: changes,
        answer: changes.length,
      };
    },
  };
}

/** The resource after the plan; undefined where something else is due by now. */
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
