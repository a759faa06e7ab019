/** The history of one agreement, and of one resource hour by hour. */
import { HOUR_MS, iso, timeOf } from "@countinghouse/protocol";
import { isKnownTo, outstanding } from "../../domain/resources/accrual.ts";
import { hoursDimensionOf } from "../../domain/catalogue/product.ts";
import { accountCustomer, adjustmentOf, hourOf } from "../../domain/metering/metering-record.ts";
import { registrationOf, type MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import { pagesOf } from "../../ledger/pages.ts";
import { withShownTimes } from "../../ledger/shown-times.ts";
import type { OperatorContext } from "../context.ts";
import type { Page } from "../contract/common.ts";
import type { AgreementLifeEvent, ResourceUse, historyRoutes } from "../contract/ledger/history.ts";
import { USE_HOURS_MAX } from "../contract/values.ts";
import { ProblemError, unfit } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

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
      return lifeOf(context, id, query);
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

/** A page of what the entries tell of an agreement. Each change is held against the one before, which may lie behind the page. */
async function lifeOf(
  { ledger, eventPages }: OperatorContext,
  id: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<Page<AgreementLifeEvent>> {
  const query = { operations: OPERATIONS, order: "newest" as const, cursor };
  const page = await eventPages.search({ ...query, limit }, (entry) => toldOf(entry, id) !== undefined);
  const entries = page.items.map(({ entry }) => entry);
  const changes = entries.filter((entry) => changeIn(entry, id) !== undefined);
  const behind = { ...query, cursor: page.nextCursor };
  const { found, isEnd } =
    changes.length === 0 || page.nextCursor === undefined
      ? { found: undefined, isEnd: page.nextCursor === undefined }
      : await eventPages.first(behind, (entry) => changeIn(entry, id) !== undefined);
  // Where nothing has expired, the first change there is has added it.
  const isWhole = isEnd && (await ledger.keptSince()) === undefined;
  const items = entries.flatMap((entry) => {
    const next = changes.indexOf(entry) + 1;
    return lifeEvent(entry, id, { earlier: next === 0 ? undefined : (changes[next] ?? found?.entry), isWhole }) ?? [];
  });
  return { items, nextCursor: page.nextCursor };
}

type AgreementChange = Extract<LedgerEntry["event"], { kind: "catalogue-changed" }>["changes"][number];

function changeIn({ event }: LedgerEntry, agreementId: string): AgreementChange | undefined {
  if (event.kind !== "catalogue-changed") return undefined;
  return event.changes.find(({ kind, id }) => kind === "agreement" && id === agreementId);
}

/** What an entry says of an agreement, by itself; undefined where that is nothing. */
function toldOf(entry: LedgerEntry, agreementId: string): AgreementLifeEvent["what"] | undefined {
  const { call, event } = entry;
  if (event.kind === "registration-token-issued" && event.agreementId === agreementId) return "token-issued";
  if (event.kind === "customer-resolved" && event.agreementId === agreementId) return "resolved";
  const change = changeIn(entry, agreementId);
  if (change === undefined) return undefined;
  if (change.action === "removed") return "removed";
  if (call.operation === "CreateAgreement" && change.value?.["replacedBy"] !== undefined) return "replaced";
  return ACTIONS[call.operation] ?? "changed";
}

interface Before {
  /** The entry with the change before; undefined where none was found. */
  readonly earlier: LedgerEntry | undefined;
  /** Whether there is none, where none was found. */
  readonly isWhole: boolean;
}

/** The event that an entry tells of an agreement; undefined where it tells none. */
function lifeEvent(
  entry: LedgerEntry,
  agreementId: string,
  { earlier, isWhole }: Before,
): AgreementLifeEvent | undefined {
  const { call, atMs } = entry;
  const what = toldOf(entry, agreementId);
  if (what === undefined) return undefined;
  const told = { at: iso(atMs), requestId: call.requestId, principal: call.principal, operation: call.operation };
  const value = changeIn(entry, agreementId)?.value;
  if (value === undefined) return { ...told, what };
  const before = earlier && changeIn(earlier, agreementId);
  const isNew = before === undefined ? isWhole : before.action === "removed";
  if (isNew) return { ...told, what: "added" };
  const replacedBy = what === "replaced" ? String(value["replacedBy"]) : undefined;
  return { ...told, what, replacedBy, changed: before?.value && differences(before.value, value) };
}

type Value = Readonly<Record<string, unknown>>;

/** Member by member, as documents show them. */
function differences(before: Value, after: Value): AgreementLifeEvent["changed"] {
  const [from, to] = [withShownTimes(before), withShownTimes(after)];
  const members = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return members
    .filter((member) => JSON.stringify(from[member]) !== JSON.stringify(to[member]))
    .map((member) => ({ member, from: from[member], to: to[member] }));
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
  // The account may have very many others.
  const customers = [accountCustomer(accountId)];
  const query = { fromHour, toHour: toHour - 1, customers, resourceId, limit: PAGE_RECORDS };
  for await (const records of pagesOf((cursor) => ledger.meteringRecords({ ...query, cursor }))) {
    for (const { key, productCode, usageRecord, accrued } of records) {
      const quantity = usageRecord.quantity ?? 0;
      if (accrued !== true) {
        units.push({ hour: iso(key.hour * HOUR_MS), productCode, dimension: key.dimension, quantity });
        continue;
      }
      const registration = registrationOf(resource, productCode);
      const adjustment = adjustmentOf(key);
      // What was written after the resource was read is reckoned below.
      if (registration !== undefined && !isKnownTo(registration, key.hour, adjustment)) continue;
      const hour = hourAt(key.hour, productCode, key.dimension);
      hour.seconds += quantity;
      if (adjustment !== undefined) hour.adjustments = (hour.adjustments ?? 0) + 1;
    }
  }
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
