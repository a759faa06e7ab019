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
  [...sendingsByKey(history, "refused, too").values()].flatMap((sendings) => {
    const again = new Set(retriedAnew(sendings).map(({ call }) => call.requestId));
    const events = lostEvents(sendings).filter(({ call }) => !again.has(call.requestId));
    if (events.length < EVENTS_MIN || isRunningTotal(sendings)) return [];
    return events.map(({ call, record }) => {
      const { timestampMs, outcome, kept } = record;
      const became = outcome === "replay" ? "was taken for that" : `is a duplicate of the ${kept?.quantity}`;
      return seenIn(call, `${textOf(record)} at ${iso(timestampMs)} ${became} at ${iso(kept?.timestampMs)}`);
    });
  });

export const newTimeAtRetry: Look = (history) =>
  [...sendingsByKey(history, "refused, too").values()].flatMap((sendings) =>
    retriedAnew(sendings).map(({ call, record, earlier }) => {
      const { requestId } = earlier.call;
      const before = `as request ${requestId} had sent it at ${iso(earlier.record.timestampMs)}${fateOf(earlier)}`;
      return seenIn(call, `${textOf(record)} at ${iso(record.timestampMs)}, ${before}`);
    }),
  );

interface RetriedAnew extends Sending {
  readonly earlier: Sending;
}

/**
 * What came again with another timestamp. Where its caller was not told what had become of it, one is enough. Else it is one
 * usage only where whole calls are the same but for their times, several of them, and not ones throughout: a program that sends each
 * event by itself sends the same one after another, too.
 */
function retriedAnew(sendings: readonly Sending[]): readonly RetriedAnew[] {
  const again = sendings.flatMap((sending, i): RetriedAnew[] => {
    const earlier = sendings[i - 1];
    const isSame = earlier?.record.quantity === sending.record.quantity;
    const isAnew = earlier?.record.timestampMs !== sending.record.timestampMs;
    return earlier !== undefined && isSame && isAnew ? [{ ...sending, earlier }] : [];
  });
  const known = again.filter(({ earlier }) => fateOf(earlier) !== "");
  if (known.length === again.length || lostEvents(sendings).length < EVENTS_MIN) return known;
  const calls = new Set(sendings.map(({ call }) => JSON.stringify(call.records.map(({ key, quantity }) => [key, quantity])))); // prettier-ignore
  const isOfOnes = sendings[0]?.call.records.every(({ quantity }) => quantity <= 1) ?? true;
  return calls.size === 1 && !isOfOnes ? again : known;
}

/** Why whoever sent it sends it again; empty where that is not known. */
function fateOf({ call, record }: Sending): string {
  if (record.outcome === "unprocessed") return ", when it came back unprocessed";
  if (call.failedBy === "drop-answer") return ", when the answer was lost";
  if (call.failedBy === "throttle") return ", when the call was throttled";
  return call.failedBy === "internal-error" ? ", when the call failed" : "";
}

/** What was sent with a time of its own under a key that is taken. */
function lostEvents(sendings: readonly Sending[]): readonly Sending[] {
  return lost(sendings).filter(
    ({ record: { quantity, timestampMs, kept } }) => quantity > 0 && kept?.timestampMs !== timestampMs,
  );
}

/** What came under a key that is taken. A zero that stands is another mistake. */
function lost(sendings: readonly Sending[]): readonly Sending[] {
  return sendings.filter(
    ({ record: { outcome, kept } }) => (outcome === "replay" || outcome === "duplicate") && (kept?.quantity ?? 0) > 0,
  );
}

/** Those that are greater than all before them. */
function rising(sendings: readonly Sending[]): readonly Sending[] {
  let before = sendings[0]?.record.kept?.quantity ?? 0;
  return sendings.filter(({ record: { quantity } }) => {
    const rises = quantity > before;
    if (rises) before = quantity;
    return rises;
  });
}

/** A total may stand still for a while, and never falls; single events are now greater, now smaller. */
function isRunningTotal(sendings: readonly Sending[]): boolean {
  const all = lost(sendings);
  const quantities = [all[0]?.record.kept?.quantity ?? 0, ...all.map(({ record }) => record.quantity)];
  const falls = quantities.some((quantity, i) => quantity < (quantities[i - 1] ?? 0));
  return !falls && rising(all).length >= TOTALS_MIN;
}

export const unprocessedNotSentAgain: Look = (history) =>
  [...sendingsByKey(history, "refused, too").values()].flatMap((sendings) => {
    const last = sendings.at(-1);
    if (last?.record.outcome !== "unprocessed" || history.nowMs - last.call.atMs < PATIENCE_MS) return [];
    return [seenIn(last.call, `${textOf(last.record)} came back unprocessed, and did not come again`)];
  });

export const risingDuplicates: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const totals = rising(lost(sendings));
    const events = new Set(lost(sendings).map(({ record }) => record.timestampMs)).size;
    if (totals.length < TOTALS_MIN || (events > 1 && !isRunningTotal(sendings))) return [];
    return totals.map(({ call, record }) => seenIn(call, `${textOf(record)}, where ${record.kept?.quantity} stand`));
  });

export const zeroBeforeUsage: Look = (history) =>
  [...sendingsByKey(history).values()].flatMap((sendings) => {
    const late = sendings.find(
      ({ record }) => record.outcome === "duplicate" && record.kept?.quantity === 0 && record.quantity > 0,
    );
    return late === undefined ? [] : [seenIn(late.call, `${textOf(late.record)}, where a zero stands`)];
  });

/** In the order of the calls; what was refused with its call is left out, unless it is asked for. */
function sendingsByKey({ calls }: History, which?: "refused, too"): ReadonlyMap<string, readonly Sending[]> {
  const all = calls.flatMap((call) => call.records.map((record) => ({ call, record })));
  const wanted = which === undefined ? all.filter(({ record }) => record.outcome !== "refused") : all;
  return Map.groupBy(wanted, ({ call, record }) => `${call.accountId}\n${record.key}`);
}

function textOf({ quantity, dimension, customer, hour }: SentRecord): string {
  return `${quantity} ${dimension} for ${customer} in the hour ${iso(hour * HOUR_MS)}`;
}

function seenIn({ requestId, atMs, accountId, productCode }: BatchCall, shows: string): Seen {
  return { requestId, atMs, accountId, productCode, shows };
}
