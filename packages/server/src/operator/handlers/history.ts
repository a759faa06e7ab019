/** The history of one agreement, and of one resource hour by hour. */
import { HOUR_MS, iso, timeOf } from "@countinghouse/protocol";
import { outstanding } from "../../domain/resources/accrual.ts";
import { hoursDimensionOf } from "../../domain/catalogue/product.ts";
import { accountCustomer, adjustmentOf, hourOf } from "../../domain/metering/metering-record.ts";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import type { OperatorContext } from "../context.ts";
import type { Page } from "../contract/common.ts";
import type { AgreementLifeEvent, ResourceUse, historyRoutes } from "../contract/ledger/history.ts";
import { USE_HOURS_MAX } from "../contract/values.ts";
import { ProblemError, unfit } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

/** How many entries are read for one page. */
const LOOKED_THROUGH_MAX = 5_000;
const STEP = 500;
const PAGE_RECORDS = 1_000;
const DAY_HOURS = 24;

/** The operations whose entries can be about an agreement. */
const OPERATIONS = [
  "ApplyCatalogue",
  "CreateAgreement",
  "UpdateAgreement",
  "CancelAgreement",
  "SuspendAgreement",
  "ResumeAgreement",
  "IssueRegistrationToken",
  "ResolveCustomer",
  "ResetLedger",
];

export function historyHandlers(context: OperatorContext): Handlers<keyof typeof historyRoutes> {
  const { ledger, clock } = context;
  return {
    "GET /agreements/{id}/history": async ({ params: { id }, query }): Promise<Page<AgreementLifeEvent>> => {
      if (ledger.catalogue.agreement(id) === undefined) throw new ProblemError(404, `No agreement ${id}.`);
      const items: AgreementLifeEvent[] = [];
      let { cursor } = query;
      let looked = 0;
      do {
        const limit = Math.min(STEP, query.limit - items.length);
        const asked = { operations: OPERATIONS, order: "newest" as const, cursor, limit };
        const page = await context.eventPages.read(asked, (entry) => lifeEvent(entry, id) !== undefined);
        items.push(...page.items.flatMap(({ entry }) => lifeEvent(entry, id) ?? []));
        cursor = page.nextCursor;
        looked += limit;
      } while (cursor !== undefined && items.length < query.limit && looked < LOOKED_THROUGH_MAX);
      return { items, nextCursor: cursor };
    },
    "GET /resources/{id}/use": async ({ params: { id }, query }): Promise<ResourceUse> => {
      const [resource] = await ledger.findResources([id]);
      if (resource === undefined) throw new ProblemError(404, `No resource ${id}.`);
      const nowMs = clock.nowMs();
      const toHour = query.to === undefined ? hourOf(nowMs) + 1 : hourOf(timeOf(query.to) - 1) + 1;
      const fromHour = query.from === undefined ? toHour - DAY_HOURS : hourOf(timeOf(query.from));
      if (fromHour >= toHour) throw unfit(["to: must lie after from"]);
      if (toHour - fromHour > USE_HOURS_MAX) throw unfit([`from: at most ${USE_HOURS_MAX} hours before to`]);
      return useOf(context, resource, fromHour, toHour);
    },
  };
}

const ACTIONS: Readonly<Record<string, AgreementLifeEvent["what"]>> = {
  CreateAgreement: "added",
  CancelAgreement: "cancelled",
  SuspendAgreement: "suspended",
  ResumeAgreement: "resumed",
};

/** The event that an entry tells of an agreement; undefined where it tells none. */
function lifeEvent({ call, atMs, event }: LedgerEntry, agreementId: string): AgreementLifeEvent | undefined {
  const told = { at: iso(atMs), requestId: call.requestId, principal: call.principal, operation: call.operation };
  if (event.kind === "registration-token-issued" && event.agreementId === agreementId) {
    return { ...told, what: "token-issued" };
  }
  if (event.kind === "customer-resolved" && event.agreementId === agreementId) return { ...told, what: "resolved" };
  if (event.kind !== "catalogue-changed") return undefined;
  const change = event.changes.find(({ kind, id }) => kind === "agreement" && id === agreementId);
  if (change === undefined) return undefined;
  if (change.action === "removed") return { ...told, what: "removed" };
  const replacedBy = change.value?.["replacedBy"];
  if (call.operation === "CreateAgreement" && replacedBy !== undefined) return { ...told, what: "replaced" };
  return { ...told, what: ACTIONS[call.operation] ?? "changed" };
}

async function useOf(
  { ledger, clock }: OperatorContext,
  resource: MeteredResource,
  fromHour: number,
  toHour: number,
): Promise<ResourceUse> {
  const { resourceId, accountId, registrations } = resource;
  const hours = new Map<string, Mutable<ResourceUse["hours"][number]>>();
  const units: ResourceUse["units"][number][] = [];
  const hourAt = (hour: number, productCode: string, dimension: string): Mutable<ResourceUse["hours"][number]> => {
    const key = `${hour}\n${productCode}\n${dimension}`;
    const found = hours.get(key) ?? { hour: iso(hour * HOUR_MS), productCode, dimension, seconds: 0, final: true };
    hours.set(key, found);
    return found;
  };
  const query = { fromHour, toHour: toHour - 1, customers: [accountCustomer(accountId)], limit: PAGE_RECORDS };
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ ...query, cursor });
    for (const { key, productCode, usageRecord, accrued, resourceId: of } of page.items) {
      if (of !== resourceId) continue;
      const quantity = usageRecord.quantity ?? 0;
      if (accrued !== true) {
        units.push({ hour: iso(key.hour * HOUR_MS), productCode, dimension: key.dimension, quantity });
        continue;
      }
      const hour = hourAt(key.hour, productCode, key.dimension);
      hour.seconds += quantity;
      if (adjustmentOf(key) !== undefined) hour.adjustments = (hour.adjustments ?? 0) + 1;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const registration of registrations) {
    const { productCode } = registration;
    const dimension = registration.dimension ?? hoursDimensionOf(ledger.catalogue.product(productCode)).name;
    for (const { hour, seconds } of outstanding(resource, registration, clock.nowMs(), { fromHour, toHour })) {
      const use = hourAt(hour, productCode, dimension);
      use.seconds += seconds;
      use.final = false;
    }
  }
  const inOrder = [...hours.values()].toSorted((a, b) => (a.hour < b.hour ? -1 : a.hour > b.hour ? 1 : 0));
  return { resourceId, from: iso(fromHour * HOUR_MS), to: iso(toHour * HOUR_MS), hours: inOrder, units };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
