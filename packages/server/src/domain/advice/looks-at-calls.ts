/** Mistakes that show in several calls: names and regions, calls of one record, cancellations, tokens. */
import { FINAL_METERING_SECONDS, HOUR_MS, iso } from "@countinghouse/protocol";
import type { Look, Seen } from "./finding.ts";
import type { BatchCall, History, SentRecord } from "./history.ts";

const FINAL_METERING_MS = FINAL_METERING_SECONDS * 1_000;
/** Calls of one record, so close together that they could have been one. */
const CALLS_MIN = 5;
const CALLS_WITHIN_MS = 60_000;
/** For as long as a registration token is good. */
const TOKEN_MS = 4 * HOUR_MS;

export const twoNames: Look = (history) => countedTwice(history, ({ record }) => record.namedBy, "by");

export const twoRegions: Look = (history) => countedTwice(history, ({ call }) => call.region, "in");

/** A record with the call that sent it. */
interface Sending {
  readonly call: BatchCall;
  readonly record: SentRecord;
}

/** Usage of one customer, dimension and hour that was accepted more than once, for what tells the records apart. */
function countedTwice(history: History, nameOf: (accepted: Sending) => string, word: string): readonly Seen[] {
  const accepted = history.calls.flatMap((call) =>
    call.records.filter(({ outcome }) => outcome === "accepted").map((record): Sending => ({ call, record })),
  );
  const usages = Map.groupBy(accepted, ({ call, record }) =>
    JSON.stringify([call.accountId, call.productCode, record.customer, record.dimension, record.hour]),
  );
  return [...usages.values()].flatMap((same) => {
    const byName = new Map(same.map((one) => [nameOf(one), one]));
    if (byName.size < 2) return [];
    return [...byName].map(([name, { call, record }]) => {
      const { quantity, dimension, customer, hour } = record;
      return seenIn(
        call,
        `${quantity} ${dimension} for ${customer} in the hour ${iso(hour * HOUR_MS)}, ${word} ${name}`,
      );
    });
  });
}

export const oneCallARecord: Look = ({ calls }) => {
  // A record that came before, and was given back or refused, may well come again by itself.
  const before = new Set<string>();
  const single = calls.filter(({ accountId, records }) => {
    const keys = records.map(({ key }) => `${accountId}\n${key}`);
    const isNew = keys.every((key) => !before.has(key));
    for (const key of keys) before.add(key);
    return isNew && records.length === 1 && records[0]?.outcome === "accepted";
  });
  const groups = Map.groupBy(single, ({ accountId, productCode, region }) => `${accountId}\n${productCode}\n${region}`);
  return [...groups.values()].flatMap((group) => {
    const close = new Set<BatchCall>();
    for (let i = 0; i + CALLS_MIN <= group.length; i += 1) {
      const near = group.slice(i, i + CALLS_MIN);
      const [first, last] = [near[0] as BatchCall, near.at(-1) as BatchCall];
      if (last.atMs - first.atMs > CALLS_WITHIN_MS) continue;
      for (const call of near) close.add(call);
    }
    return [...close].map((call) => seenIn(call, `one record, beside ${close.size - 1} other calls of one`));
  });
};

export const noFinalRecord: Look = ({ calls, cancellations, nowMs }) => {
  if (cancellations.length === 0) return [];
  const sentTo = sentByCustomer(calls);
  return cancellations.flatMap(({ requestId, atMs, agreementId, productCode, customer, sellerAccountId }) => {
    if (nowMs < atMs + FINAL_METERING_MS) return [];
    const sent = sentTo.get(ofCustomer(productCode, customer)) ?? [];
    // In a lab the clock may stand still between the two.
    const wasMetered = sent.some(({ call, record }) => call.atMs <= atMs && isKept(record));
    const lastHour = Math.floor(atMs / HOUR_MS);
    // Also one that was refused: that has been said.
    const cameLast = sent.some(
      ({ call, record }) => call.atMs >= atMs && call.atMs < atMs + FINAL_METERING_MS && record.hour >= lastHour,
    );
    if (!wasMetered || cameLast) return [];
    const shows = `${agreementId} of ${customer} was cancelled at ${iso(atMs)}, and no record of that hour came until ${iso(atMs + FINAL_METERING_MS)}`;
    return [{ requestId, atMs, accountId: sellerAccountId, productCode, shows }];
  });
};

/** What was sent, by product and customer. */
function sentByCustomer(calls: readonly BatchCall[]): ReadonlyMap<string, readonly Sending[]> {
  const all = calls.flatMap((call) => call.records.map((record): Sending => ({ call, record })));
  return Map.groupBy(all, ({ call, record }) => ofCustomer(call.productCode, record.customer));
}

function isKept({ outcome }: SentRecord): boolean {
  return outcome === "accepted" || outcome === "replay" || outcome === "duplicate";
}

function ofCustomer(productCode: string, customer: string): string {
  return `${productCode}\n${customer}`;
}

export const tokenOfAnotherAccount: Look = ({ resolutions }) =>
  resolutions
    .filter(({ productCode }) => productCode === undefined)
    .flatMap((refused) => {
      const other = resolutions.find(
        ({ productCode, accountId, atMs }) =>
          productCode !== undefined && accountId !== refused.accountId && Math.abs(atMs - refused.atMs) <= TOKEN_MS,
      );
      if (other?.productCode === undefined) return [];
      const shows = `account ${refused.accountId} tried a token of a product that another account published; ${other.accountId} resolved one by request ${other.requestId}`;
      return [{ ...refused, productCode: other.productCode, shows }];
    });

function seenIn({ requestId, atMs, accountId, productCode }: BatchCall, shows: string): Seen {
  return { requestId, atMs, accountId, productCode, shows };
}
