/** Calls, usage and work for the contract: the simplest decisions that exercise a ledger. */
import type { UsageRecord } from "@countinghouse/protocol";
import type { CatalogueChange } from "../../src/domain/catalogue/catalogue.ts";
import {
  type AcceptedRecord,
  keyOf,
  type MeteringRecord,
  type MeteringRecordKey,
} from "../../src/domain/metering/metering-record.ts";
import type { MeteredResource } from "../../src/domain/resources/metered-resource.ts";
import type { Call } from "../../src/ledger/entry.ts";
import { meteringRecordId, requestId } from "../../src/ledger/ids.ts";
import type { Facts, Ledger, MeteringRecordQuery, Decision, Work } from "../../src/ledger/ledger.ts";
import { putResource } from "../../src/ledger/resource-facts.ts";
import { START_MS } from "./ledger-under-test.ts";

export const PRODUCT = "0abcdefghijklmnopqrstuvwx";
export const REGION = "us-east-1";
export const EVERYTHING: MeteringRecordQuery = { fromHour: 0, toHour: Number.MAX_SAFE_INTEGER, limit: 1_000 };

let made = 0;

/** Every call has an id of its own. */
export function newCall(): Call {
  made += 1;
  const random = `00000000-0000-4000-8000-${made.toString(16).padStart(10, "0")}00`;
  return {
    requestId: requestId(START_MS, random),
    operation: "BatchMeterUsage",
    region: REGION,
    principal: "arn:aws:iam::111122223333:user/metering",
    sourceAddress: "127.0.0.1",
    userAgent: "contract",
  };
}

export function usage(over: Partial<UsageRecord> = {}): UsageRecord {
  return { timestampMs: START_MS, customerAccountId: "444455556666", dimension: "gb", quantity: 1, ...over };
}

/** Usage, and the key under which it is kept. */
export interface Sent {
  readonly usageRecord: UsageRecord;
  readonly key: MeteringRecordKey;
}

export function sent(over: Partial<UsageRecord> = {}, key: Partial<MeteringRecordKey> = {}): Sent {
  const usageRecord = usage(over);
  return { usageRecord, key: { ...keyOf(usageRecord, PRODUCT, REGION), ...key } };
}

/** The outcome of one record: the id of the record that stands under its key, and what was kept before. */
export interface Metered {
  readonly id: string;
  readonly kept: MeteringRecord | undefined;
}

/** Accepts records that are not kept yet; for the others, names the record that stands. */
export function meter(records: readonly Sent[], call: Call = newCall()): Work<Metered[]> {
  return {
    call,
    keys: records.map(({ key }) => key),
    decide: ({ kept }) => {
      const accepted: AcceptedRecord[] = [];
      const answer = records.map(({ key, usageRecord }, position): Metered => {
        const known = kept[position];
        if (known !== undefined) return { id: known.meteringRecordId, kept: known };
        accepted.push({ position, key, quantity: usageRecord.quantity ?? 0 });
        return { id: meteringRecordId(call.requestId, position), kept: undefined };
      });
      return {
        event: {
          kind: "usage-metered",
          productCode: PRODUCT,
          records: records.map(({ usageRecord }, i) => ({
            usageRecord,
            status: "Success",
            keptAs: answer[i]?.kept === undefined ? undefined : answer[i].id,
          })),
        },
        records: accepted,
        answer,
      };
    },
  };
}

/** Accepts records without asking what is kept, as no real decision does. */
export function meterBlindly(records: readonly Sent[], call: Call = newCall()): Work<Metered[]> {
  const work = meter(records, call);
  return { ...work, decide: (facts) => work.decide({ ...facts, kept: [] }) };
}

/** Answers what it sees, and leaves an entry without content. */
export function look<A>(see: (facts: Facts) => A, call: Call = newCall()): Work<A> {
  return {
    call,
    keys: [],
    decide: (facts) => ({ event: { kind: "catalogue-changed", changes: [] }, answer: see(facts) }),
  };
}

export function put(changes: readonly CatalogueChange[], call: Call = newCall()): Work<undefined> {
  return {
    call,
    keys: [],
    decide: (): Decision<undefined> => ({
      event: { kind: "catalogue-changed", changes: [] },
      catalogue: changes,
      answer: undefined,
    }),
  };
}

/** Puts resources in place, whatever is known of them. */
export function place(resources: readonly MeteredResource[], call: Call = newCall()): Work<undefined> {
  return {
    call,
    keys: [],
    resources: resources.map(({ resourceId }) => resourceId),
    decide: (): Decision<undefined> => ({
      event: { kind: "resource-observed", source: "operator", resource: {}, changed: true },
      resources: resources.map(putResource),
      answer: undefined,
    }),
  };
}

export function moveClockTo(toMs: number, call: Call = newCall()): Work<undefined> {
  return {
    call,
    keys: [],
    decide: ({ nowMs }): Decision<undefined> => ({
      event: { kind: "clock-moved", fromMs: nowMs, toMs },
      moveClockTo: toMs,
      answer: undefined,
    }),
  };
}

export function accountChange(id: string, over: { title?: string; fileDigest?: string } = {}): CatalogueChange {
  const { title, fileDigest } = over;
  return { kind: "account", id, value: { id, title, users: [], roles: [] }, fileDigest };
}

export async function resourceOf(ledger: Ledger, resourceId: string): Promise<MeteredResource | undefined> {
  const [resource] = await ledger.findResources([resourceId]);
  return resource;
}

export async function allResources(ledger: Ledger): Promise<readonly MeteredResource[]> {
  const { items } = await ledger.resources({ limit: 1_000 });
  return items;
}

/** The ids of all kept records, in the order of the listing. */
export async function keptIds(ledger: Ledger): Promise<string[]> {
  const { items } = await ledger.meteringRecords(EVERYTHING);
  return items.map((item) => item.meteringRecordId);
}
