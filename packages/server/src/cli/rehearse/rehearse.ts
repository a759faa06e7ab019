/**
 * The rehearsal of a listing: a buyer subscribes, registers, is metered for some hours with trouble on the way, cancels, and the
 * month ends. Each step says what it saw.
 */
import { HOUR_MS } from "@countinghouse/protocol";
import type { NewFault } from "../../operator/contract/faults.ts";
import type { MeteringRecord } from "../../operator/contract/ledger/metering.ts";
import type { Buyer, MarketSide } from "./market-side.ts";
import { postToken, runMeter, type LandingAnswer } from "./seller.ts";
import type { Step, Verdict } from "./step.ts";

interface RehearsalPlan {
  readonly productCode: string;
  readonly landing: string | undefined;
  readonly hours: number;
  /** A command that meters what is due, run after each hour; undefined where the seller's program runs by itself. */
  readonly meter: string | undefined;
  /** How long the records of an hour are waited for. */
  readonly waitMs: number;
  /** Of the wire. */
  readonly endpoint: string;
  /** 12 digits. */
  readonly random: string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
  /** Ends the rehearsal early. */
  readonly signal: AbortSignal;
}

/** Told of what happens when it has happened: what was seen is not lost where the rehearsal breaks off. */
interface RehearsalListener {
  readonly onBuyer: (buyer: Buyer) => void;
  readonly onStep: (step: Step) => void;
}

const POLL_MS = 100;
const MINUTE_MS = 60_000;
/** Usage of the month before is taken for so long. Rule W2. */
const MONTH_END_MS = 6 * HOUR_MS;
const TOKEN_MS = 4 * HOUR_MS;

interface Trouble {
  readonly kind: NewFault["kind"];
  readonly id: string;
  readonly title: string;
}

/** In which hour each is met, from the second one on. */
const TROUBLES: readonly Trouble[] = [
  { kind: "drop-answer", id: "lost-answer", title: "Usage whose answer was lost is sent again, and counted once" },
  { kind: "throttle", id: "throttled", title: "Usage that was throttled is sent again" },
  { kind: "unprocessed", id: "unprocessed", title: "Unprocessed records are sent again" },
];

/** Where it breaks off, it throws, and leaves no fault behind that it has added. */
export async function rehearse(
  plan: RehearsalPlan,
  market: MarketSide,
  { onBuyer, onStep }: RehearsalListener,
): Promise<void> {
  const note = (id: string, title: string, verdict: Verdict, saw: string): void => {
    onStep({ id, title, verdict, saw });
  };
  // From an hour's edge on, so that the first hour is a whole one.
  const startMs = Math.ceil((await market.nowMs()) / HOUR_MS) * HOUR_MS;
  await market.moveTo(startMs);
  const buyer = await market.subscribe(plan.productCode, plan.random);
  onBuyer(buyer);
  await landing(plan, market, buyer, startMs, note);
  const metered = await hourly(plan, market, buyer, note);
  await lastHour(plan, market, buyer, metered.length > 0, note);
  await expiredToken(plan, market, buyer, note);
  await monthEnd(plan, market, buyer, startMs, note);
  const mistakes = await market.mistakes(plan.productCode, startMs);
  const verdict = mistakes.length > 0 ? "fail" : metered.length > 0 ? "pass" : "not-seen";
  note("mistakes", "No mistake shows in the calls", verdict, mistakes.length > 0 ? `${mistakes.join("; ")}: see countinghouse advise.` : "Advice has nothing to say."); // prettier-ignore
}

type Note = (id: string, title: string, verdict: Verdict, saw: string) => void;

async function landing(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  startMs: number,
  note: Note,
): Promise<void> {
  const titles = [
    "The landing page resolves a buyer's token",
    "The landing page stands a token that comes twice",
  ] as const;
  if (plan.landing === undefined) {
    note("landing", titles[0], "not-seen", "No landing page was named (--landing).");
    note("landing-again", titles[1], "not-seen", "No landing page was named (--landing).");
    return;
  }
  const token = await market.registrationToken(buyer);
  const before = (await market.resolutions(startMs)).length;
  const answer = await postToken(plan.landing, token);
  const calls = (await market.resolutions(startMs)).slice(before);
  const resolved = calls.filter(({ errorCode }) => errorCode === undefined).length;
  const saw = `${answerText(answer)}; ${resolved} of ${calls.length} calls of ResolveCustomer succeeded.`;
  note("landing", titles[0], isShown(answer) && resolved >= 1 ? "pass" : "fail", saw);
  const again = await postToken(plan.landing, token);
  note("landing-again", titles[1], isHandled(again) ? "pass" : "fail", `${answerText(again)}.`);
}

async function expiredToken(plan: RehearsalPlan, market: MarketSide, buyer: Buyer, note: Note): Promise<void> {
  const title = "The landing page stands a token that has expired";
  if (plan.landing === undefined) {
    return note("landing-expired", title, "not-seen", "No landing page was named (--landing).");
  }
  const token = await market.registrationToken(buyer);
  const expiredMs = (await market.nowMs()) + TOKEN_MS;
  await market.moveTo(expiredMs);
  const answer = await postToken(plan.landing, token);
  const codes = (await market.resolutions(expiredMs)).map(({ errorCode }) => errorCode ?? "success");
  const asked = codes.length === 0 ? "ResolveCustomer was not called" : `ResolveCustomer answered ${codes.join(", ")}`;
  note("landing-expired", title, isHandled(answer) ? "pass" : "fail", `${answerText(answer)}; ${asked}.`);
}

/** Whether the buyer sees a page, or is sent on to one. */
function isShown({ status }: LandingAnswer): boolean {
  return status >= 200 && status < 400;
}

/** Whether the buyer sees something that was meant to be seen. */
function isHandled({ status }: LandingAnswer): boolean {
  return status >= 200 && status < 500;
}

function answerText({ status, trouble }: LandingAnswer): string {
  return trouble === undefined ? `It answered ${status}` : `It did not answer: ${trouble}`;
}

/** The hours, with the records of each. Answers all records. */
async function hourly(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  note: Note,
): Promise<readonly MeteringRecord[]> {
  const all: MeteringRecord[] = [];
  const missing: string[] = [];
  let zeros = 0;
  let edgeMs = (Math.floor((await market.nowMs()) / HOUR_MS) + 1) * HOUR_MS;
  for (let hour = 0; hour < plan.hours; hour += 1, edgeMs += HOUR_MS) {
    const trouble = TROUBLES[hour - 1];
    const fromMs = edgeMs - HOUR_MS;
    const { ended, records, isHit } = await withTrouble(trouble, market, buyer, async () => {
      // A while after the edge: programs sum an hour up when it is over.
      plan.signal.throwIfAborted();
      await market.moveTo(fromMs + HOUR_MS + 5 * MINUTE_MS);
      const how = await meter(plan, buyer, fromMs + HOUR_MS + 5 * MINUTE_MS);
      return { ended: how, records: await awaited(plan, () => market.records(buyer, fromMs, fromMs + HOUR_MS)) };
    });
    all.push(...records);
    const shown = new Date(edgeMs - HOUR_MS).toISOString();
    if (records.length === 0) missing.push(ended === undefined ? shown : `${shown} (${ended})`);
    else if (records.every(({ quantity }) => quantity === 0)) zeros += 1;
    if (trouble !== undefined) noteTrouble(trouble, isHit, records.length, note);
  }
  const hourlyTitle = "Each hour has its record";
  const seen = `${plan.hours - missing.length} of ${plan.hours} hours have records`;
  if (missing.length === 0) note("hourly", hourlyTitle, "pass", `${seen}: ${all.length} records.`);
  else note("hourly", hourlyTitle, "fail", `${seen}; none: ${missing.join(", ")}.`);
  const zeroTitle = "Hours without usage have a record of zero";
  note("zero-hours", zeroTitle, zeros > 0 ? "pass" : "not-seen", zeros > 0 ? `${zeros} hours of zero.` : "No hour was without usage."); // prettier-ignore
  return all;
}

/** Runs an hour with its trouble, which is over afterwards, however the hour ends. */
async function withTrouble<T extends object>(
  trouble: Trouble | undefined,
  market: MarketSide,
  buyer: Buyer,
  run: () => Promise<T>,
): Promise<T & { readonly isHit: boolean }> {
  if (trouble === undefined) return { ...(await run()), isHit: false };
  const faultId = await market.addFault(trouble.kind, buyer);
  let result: T;
  try {
    result = await run();
  } catch (error) {
    // The first error says why; a server that is gone has no faults any more.
    await market.takeFaultAway(faultId).catch(() => false);
    throw error;
  }
  return { ...result, isHit: await market.takeFaultAway(faultId) };
}

function noteTrouble({ id, title }: Trouble, isHit: boolean, records: number, note: Note): void {
  if (!isHit) return note(id, title, "not-seen", "No call was hit in its hour.");
  if (records === 0) return note(id, title, "fail", "A call was hit, and its hour has no record.");
  note(id, title, "pass", `A call was hit, and its hour has ${records === 1 ? "one record" : `${records} records`}.`);
}

async function lastHour(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  wasMetered: boolean,
  note: Note,
): Promise<void> {
  const title = "What was used last is sent within the hour after a cancellation";
  await market.cancel(buyer);
  const cancelledMs = await market.nowMs();
  // The hour that was under way is over, and the final one is not.
  const laterMs = (Math.floor(cancelledMs / HOUR_MS) + 1) * HOUR_MS + MINUTE_MS;
  await market.moveTo(laterMs);
  const ended = await meter(plan, buyer, laterMs);
  const found = async (): Promise<MeteringRecord[]> => {
    const records = await market.records(buyer, cancelledMs - 24 * HOUR_MS, laterMs + HOUR_MS);
    return records.filter(({ recordedAt }) => Date.parse(recordedAt) > cancelledMs);
  };
  const records = await awaited(plan, found);
  await market.moveTo(cancelledMs + HOUR_MS);
  const why = ended === undefined ? "" : ` (${ended})`;
  if (records.length > 0) note("final-hour", title, "pass", `${records.length} records came after the cancellation.`);
  else note("final-hour", title, wasMetered ? "fail" : "not-seen", `No record came within the hour${why}.`);
}

async function monthEnd(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  startMs: number,
  note: Note,
): Promise<void> {
  const now = new Date(await market.nowMs());
  const cutMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) + MONTH_END_MS;
  await market.moveTo(cutMs);
  const records = await market.records(buyer, startMs - 24 * HOUR_MS, cutMs);
  const units = new Map<string, number>();
  for (const { dimension, quantity } of records) units.set(dimension, (units.get(dimension) ?? 0) + quantity);
  const billed = await market.usage(buyer, startMs - 24 * HOUR_MS, cutMs);
  const title = "The month is billed as it was metered";
  if (records.length === 0) note("month-end", title, "not-seen", "Nothing was metered.");
  else if (sumsText(billed) === sumsText(units)) {
    note("month-end", title, "pass", `${sumsText(units)}, by ${records.length} records of ${plan.productCode}.`);
  } else note("month-end", title, "fail", `Records come to ${sumsText(units)}; billed are ${sumsText(billed)}.`);
}

function sumsText(units: ReadonlyMap<string, number>): string {
  return [...units]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([dimension, quantity]) => `${quantity} ${dimension}`)
    .join(", ");
}

/** Answers how the command ended, where it failed. */
async function meter(plan: RehearsalPlan, buyer: Buyer, nowMs: number): Promise<string | undefined> {
  if (plan.meter === undefined) return undefined;
  return runMeter(plan.meter, {
    COUNTINGHOUSE_NOW: new Date(nowMs).toISOString(),
    COUNTINGHOUSE_PRODUCT_CODE: buyer.productCode,
    COUNTINGHOUSE_CUSTOMER_ACCOUNT_ID: buyer.customerAccountId,
    COUNTINGHOUSE_CUSTOMER_IDENTIFIER: buyer.customerIdentifier,
    COUNTINGHOUSE_LICENSE_ARN: buyer.licenseArn,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: plan.endpoint,
  });
}

/** Asks until there is something, or the time is over. */
async function awaited<T>(plan: RehearsalPlan, ask: () => Promise<T[]>): Promise<T[]> {
  // After a command that has ended there is nothing to wait for.
  const untilMs = plan.monotonicMs() + (plan.meter === undefined ? plan.waitMs : 0);
  for (;;) {
    plan.signal.throwIfAborted();
    const found = await ask();
    if (found.length > 0 || plan.monotonicMs() >= untilMs) return found;
    await plan.sleep(POLL_MS);
  }
}
