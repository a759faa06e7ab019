/**
 * The rehearsal of a listing: a buyer subscribes, registers, is metered for some hours with trouble on the way, cancels, and the
 * month ends. Each step says what it saw.
 */
import { HOUR_MS } from "@countinghouse/protocol";
import type { NewFault } from "../../operator/contract/faults.ts";
import type { MeteringRecord } from "../../operator/contract/ledger/metering.ts";
import type { Buyer, MarketSide } from "./market-side.ts";
import { postToken, runMeter, type LandingAnswer } from "./seller.ts";
import type { Hit } from "./sent-again.ts";
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
  await hourly(plan, market, buyer, note);
  await lastHour(plan, market, buyer, startMs, note);
  await expiredToken(plan, market, buyer, note);
  const wasMetered = await monthEnd(plan, market, buyer, startMs, note);
  const mistakes = await market.mistakes(plan.productCode, startMs);
  const verdict = mistakes.length > 0 ? "fail" : wasMetered ? "pass" : "not-seen";
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
  const answer = await postToken(plan.landing, token, plan.signal);
  const calls = (await market.resolutions(startMs)).slice(before);
  // Other buyers' tokens may be resolved meanwhile.
  const resolved = calls.filter(
    ({ customer }) =>
      customer?.productCode === buyer.productCode && customer.customerAccountId === buyer.customerAccountId,
  ).length;
  const saw = `${answerText(answer)}; ${resolved} of ${calls.length} calls of ResolveCustomer succeeded.`;
  note("landing", titles[0], isShown(answer) && resolved >= 1 ? "pass" : "fail", saw);
  const again = await postToken(plan.landing, token, plan.signal);
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
  const answer = await postToken(plan.landing, token, plan.signal);
  const codes = (await market.resolutions(expiredMs)).map(({ error }) => error ?? "success");
  const asked = codes.length === 0 ? "ResolveCustomer was not called" : `ResolveCustomer answered ${codes.join(", ")}`;
  // The page has not seen this token before: without asking it cannot know that it has expired.
  const stands = isHandled(answer) && codes.includes("ExpiredTokenException");
  note("landing-expired", title, stands ? "pass" : "fail", `${answerText(answer)}; ${asked}.`);
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

/** The hours, with the records of each. */
async function hourly(plan: RehearsalPlan, market: MarketSide, buyer: Buyer, note: Note): Promise<void> {
  const missing: string[] = [];
  let [all, zeros] = [0, 0];
  let edgeMs = (Math.floor((await market.nowMs()) / HOUR_MS) + 1) * HOUR_MS;
  for (let hour = 0; hour < plan.hours; hour += 1, edgeMs += HOUR_MS) {
    const trouble = TROUBLES[hour - 1];
    const fromMs = edgeMs - HOUR_MS;
    const { ended, records, hit } = await withTrouble(trouble, market, buyer, async (hitSince) => {
      // A while after the edge: programs sum an hour up when it is over.
      plan.signal.throwIfAborted();
      await market.moveTo(fromMs + HOUR_MS + 5 * MINUTE_MS);
      const how = await meter(plan, buyer, fromMs + HOUR_MS + 5 * MINUTE_MS);
      const untilMs = waitedUntil(plan);
      const met = await awaited(plan, untilMs, () => hitSince(fromMs), (found) => found?.missing === 0); // prettier-ignore
      const of = await awaited(plan, untilMs, () => market.records(buyer, fromMs, fromMs + HOUR_MS), isSome);
      return { ended: how, records: of, hit: met };
    });
    all += records.length;
    const shown = new Date(edgeMs - HOUR_MS).toISOString();
    if (records.length === 0) missing.push(ended === undefined ? shown : `${shown} (${ended})`);
    else if (records.every(({ quantity }) => quantity === 0)) zeros += 1;
    if (trouble !== undefined) noteTrouble(trouble, hit, records, note);
  }
  const hourlyTitle = "Each hour has its record";
  const seen = `${plan.hours - missing.length} of ${plan.hours} hours have records`;
  if (missing.length === 0) note("hourly", hourlyTitle, "pass", `${seen}: ${all} records.`);
  else note("hourly", hourlyTitle, "fail", `${seen}; none: ${missing.join(", ")}.`);
  const zeroTitle = "Hours without usage have a record of zero";
  note("zero-hours", zeroTitle, zeros > 0 ? "pass" : "not-seen", zeros > 0 ? `${zeros} hours of zero.` : "No hour was without usage."); // prettier-ignore
}

/** What the hour's fault has hit from a time on; undefined in an hour without one. */
type HitSince = (fromMs: number) => Promise<Hit | undefined>;

/** Runs an hour with its trouble, which is over afterwards, however the hour ends. */
async function withTrouble<T>(
  trouble: Trouble | undefined,
  market: MarketSide,
  buyer: Buyer,
  run: (hitSince: HitSince) => Promise<T>,
): Promise<T> {
  if (trouble === undefined) return run(() => Promise.resolve({ lost: 0, missing: 0 }));
  const faultId = await market.addFault(trouble.kind, buyer);
  let result: T;
  try {
    result = await run((fromMs) => market.hitBy(faultId, fromMs));
  } catch (error) {
    // The first error says why; a server that is gone has no faults any more.
    await market.takeFaultAway(faultId).catch(() => undefined);
    throw error;
  }
  await market.takeFaultAway(faultId);
  return result;
}

function noteTrouble(
  { id, title }: Trouble,
  hit: Hit | undefined,
  records: readonly MeteringRecord[],
  note: Note,
): void {
  if (hit === undefined) return note(id, title, "not-seen", "No call was hit in its hour.");
  const { lost, missing } = hit;
  if (missing === undefined) return note(id, title, "not-seen", "A call was hit of which the trail does not hold all.");
  const twice = Object.entries(Object.groupBy(records, ({ dimension }) => dimension)).filter(
    ([, of = []]) => of.length > 1,
  );
  if (missing > 0)
    note(id, title, "fail", `A call was hit, and ${missing} of its ${recordsText(lost)} did not come again.`);
  else if (twice.length > 0)
    note(id, title, "fail", `A call was hit, and ${twice.map(([dimension]) => dimension).join(", ")} of its hour was counted more than once.`); // prettier-ignore
  else note(id, title, "pass", `A call was hit, and its ${recordsText(lost)} came again.`);
}

function recordsText(count: number): string {
  return count === 1 ? "1 record" : `${count} records`;
}

async function lastHour(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  startMs: number,
  note: Note,
): Promise<void> {
  const title = "What was used last is sent within the hour after a cancellation";
  await market.cancel(buyer);
  const cancelledMs = await market.nowMs();
  const wasMetered = isSome(await market.records(buyer, startMs - 24 * HOUR_MS, cancelledMs));
  // The hour that was under way is over, and the final one is not.
  const laterMs = (Math.floor(cancelledMs / HOUR_MS) + 1) * HOUR_MS + MINUTE_MS;
  await market.moveTo(laterMs);
  const ended = await meter(plan, buyer, laterMs);
  // Not those of earlier hours, which may come late: what was used last was used in the hour of the cancellation.
  const lastHourMs = Math.floor(cancelledMs / HOUR_MS) * HOUR_MS;
  const found = async (): Promise<MeteringRecord[]> => {
    const records = await market.records(buyer, lastHourMs, laterMs + HOUR_MS);
    return records.filter(({ recordedAt }) => Date.parse(recordedAt) > cancelledMs);
  };
  const records = await awaited(plan, waitedUntil(plan), found, isSome);
  await market.moveTo(cancelledMs + HOUR_MS);
  const why = ended === undefined ? "" : ` (${ended})`;
  if (records.length > 0)
    note("final-hour", title, "pass", `${recordsText(records.length)} came after the cancellation.`);
  else note("final-hour", title, wasMetered ? "fail" : "not-seen", `No record of that hour came within it${why}.`);
}

/** Answers whether anything was metered. */
async function monthEnd(
  plan: RehearsalPlan,
  market: MarketSide,
  buyer: Buyer,
  startMs: number,
  note: Note,
): Promise<boolean> {
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
  return isSome(records);
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
  const ended = await runMeter(plan.meter, variablesOf(plan, buyer, nowMs), plan.signal);
  plan.signal.throwIfAborted();
  return ended;
}

function variablesOf(plan: RehearsalPlan, buyer: Buyer, nowMs: number): Readonly<Record<string, string>> {
  return {
    COUNTINGHOUSE_NOW: new Date(nowMs).toISOString(),
    COUNTINGHOUSE_PRODUCT_CODE: buyer.productCode,
    COUNTINGHOUSE_CUSTOMER_ACCOUNT_ID: buyer.customerAccountId,
    COUNTINGHOUSE_CUSTOMER_IDENTIFIER: buyer.customerIdentifier,
    COUNTINGHOUSE_LICENSE_ARN: buyer.licenseArn,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: plan.endpoint,
  };
}

/** After a command that has ended there is nothing to wait for. */
function waitedUntil({ monotonicMs, meter: command, waitMs }: RehearsalPlan): number {
  return monotonicMs() + (command === undefined ? waitMs : 0);
}

/** Asks until it is enough, or the time is over. */
async function awaited<T>(
  plan: RehearsalPlan,
  untilMs: number,
  ask: () => Promise<T>,
  isEnough: (found: T) => boolean,
): Promise<T> {
  for (;;) {
    plan.signal.throwIfAborted();
    const found = await ask();
    if (isEnough(found) || plan.monotonicMs() >= untilMs) return found;
    await plan.sleep(POLL_MS);
  }
}

function isSome(found: readonly unknown[]): boolean {
  return found.length > 0;
}
