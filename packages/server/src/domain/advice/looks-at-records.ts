/** Mistakes that show in records of one key: of one customer, dimension and hour, under one name in one region. */
import { HOUR_MS, iso } from "@countinghouse/protocol";
import type { Look, Seen } from "./finding.ts";
import type { BatchCall, History, SentRecord } from "./history.ts";

/** A record with the call that sent it. */
interface Sending {
  readonly call: BatchCall;
  readonly record: SentRecord;
}

/** How far a timestamp may lie from the time of its call to be taken for it. */
const SENDING_MS = 2_000;
/** One call says nothing: somebody may have metered the moment. */
const SENDINGS_MIN = 2;
const EVENTS_MIN = 2;
const TOTALS_MIN = 2;
/** Programs wait before they try again. */
const PATIENCE_MS = 15 * 60_000;

export const timeOfSending: Look = (history) => {
  const byKey = sendingsByKey(history);
  const stamped = [...byKey.values()].flatMap((sendings) => {
    const [first] = sendings;
    // Several times in one hour are another mistake.
    const times = new Set(sendings.map(({ record }) => record.timestampMs));
    return first?.record.outcome === "accepted" && times.size === 1 && isTimeOfSending(first) ? [first] : [];
  });
  const bySeller = Map.groupBy(stamped, ({ call }) => `${call.accountId}\n${call.productCode}`);
  return [...bySeller.values()].flatMap((sendings) => {
    const times = new Set(sendings.map(({ record }) => record.timestampMs));
    const calls = new Map(sendings.map((sending) => [sending.call.requestId, sending]));
    if (times.size < SENDINGS_MIN || calls.size < SENDINGS_MIN) return [];
    return [...calls.values()].map(({ call, record }) =>
      seenIn(call, `a record of ${iso(record.timestampMs)}, sent at ${iso(call.atMs)}`),
    );
  });
};

function isTimeOfSending({ call, record: { timestampMs } }: Sending): boolean {
  return timestampMs % HOUR_MS !== 0 && Math.abs(call.atMs - timestampMs) <= SENDING_MS;
}

export const unitPerEvent: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const events = sendings.filter(
      ({ record }) =>
        record.outcome === "replay" && record.kept !== undefined && record.kept.timestampMs !== record.timestampMs,
    );
    if (events.length < EVENTS_MIN) return [];
    return events.map(({ call, record }) =>
      seenIn(
        call,
        `${textOf(record)} at ${iso(record.timestampMs)} was taken for that at ${iso(record.kept?.timestampMs)}`,
      ),
    );
  });

export const unprocessedNotSentAgain: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const last = sendings.at(-1);
    if (last?.record.outcome !== "unprocessed" || history.nowMs - last.call.atMs < PATIENCE_MS) return [];
    return [seenIn(last.call, `${textOf(last.record)} came back unprocessed, and did not come again`)];
  });

export const risingDuplicates: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const totals: Sending[] = [];
    let before = sendings.find(({ record }) => record.kept !== undefined)?.record.kept?.quantity ?? 0;
    // A zero that stands is another mistake.
    if (before === 0) return [];
    for (const sending of sendings) {
      const { outcome, quantity } = sending.record;
      if (outcome !== "duplicate" || quantity <= before) continue;
      before = quantity;
      totals.push(sending);
    }
    if (totals.length < TOTALS_MIN) return [];
    return totals.map(({ call, record }) => seenIn(call, `${textOf(record)}, where ${record.kept?.quantity} stand`));
  });

export const zeroBeforeUsage: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const lost = sendings.find(
      ({ record }) => record.outcome === "duplicate" && record.kept?.quantity === 0 && record.quantity > 0,
    );
    return lost === undefined ? [] : [seenIn(lost.call, `${textOf(lost.record)}, where a zero stands`)];
  });

/** In the order of the calls. */
function sendingsByKey({ calls }: History): ReadonlyMap<string, readonly Sending[]> {
  const all = calls.flatMap((call) => call.records.map((record) => ({ call, record })));
  return Map.groupBy(all, ({ call, record }) => `${call.accountId}\n${record.key}`);
}

function textOf({ quantity, dimension, customer, hour }: SentRecord): string {
  return `${quantity} ${dimension} for ${customer} in the hour ${iso(hour * HOUR_MS)}`;
}

function seenIn({ requestId, atMs, accountId, productCode }: BatchCall, shows: string): Seen {
  return { requestId, atMs, accountId, productCode, shows };
}
