/**
 * What is recorded: one measured use. Bad data is never thrown back into the seller's transaction, and never vanishes: it is
 * set aside, with a reason.
 */
import { quantityText, readQuantity } from "./quantity.ts";
import { readTags } from "./tags.ts";
import { hourOf, isoOf, readInstant } from "./time.ts";

/** A reading as it came in, every member as a text. */
export interface GivenReading {
  readonly readingId: string;
  readonly tenant: string;
  readonly meter: string;
  readonly quantity: string;
  /** ISO 8601 with a zone. */
  readonly at: string;
  /** A JSON object of texts; `null` for none. */
  readonly tags: string;
}

/** A reading as it is kept: one form for one meaning, so that the same reading is known when it comes again. */
export interface Reading {
  readonly readingId: string;
  readonly tenant: string;
  readonly meter: string;
  readonly quantity: string;
  readonly atMs: number;
  readonly hourMs: number;
  readonly tags: string;
}

export type SetAsideReason =
  | "bad-reading-id"
  | "bad-tenant"
  | "unknown-meter"
  | "bad-quantity"
  | "bad-time"
  | "ahead"
  | "too-old"
  | "bad-tags"
  | "conflicting";

export interface SetAside {
  readonly reason: SetAsideReason;
  /** What was wrong, what was sent, what was expected. */
  readonly message: string;
}

export interface RecordingFacts {
  readonly isMeter: (name: string) => boolean;
  /** The service's time, as far as the store knows it; undefined before the service has told it. */
  readonly serviceMs: number | undefined;
  /** How long ids are remembered: a reading that is older might be known, and is not counted (O15). */
  readonly dedupeDays: number;
}

const DAY_MS = 86_400_000;
const TEXT_LENGTH_MAX = 255;
/** A reading may be of a clock that goes ahead, but not of another day. */
const AHEAD_MS_MAX = DAY_MS;

/** Judged in this order; the first thing that is wrong is the reason. Every store judges alike (`testing/contract/recording.ts`). */
export function judgeReading(given: GivenReading, facts: RecordingFacts): Reading | SetAside {
  const { readingId, tenant, meter } = given;
  if (!isName(readingId)) return aside("bad-reading-id", nameProblem("reading id", readingId));
  if (!isName(tenant)) return aside("bad-tenant", nameProblem("tenant", tenant));
  if (!facts.isMeter(meter)) return aside("unknown-meter", `The meter ${quoted(meter)} is none of this store's.`);
  const quantity = readQuantity(given.quantity);
  if (typeof quantity === "string") return aside("bad-quantity", `The quantity ${quoted(given.quantity)} ${quantity}.`);
  const atMs = readInstant(given.at);
  if (atMs === undefined) {
    const expected = "expected ISO 8601 with a zone, such as 2026-11-29T10:15:00Z";
    return aside("bad-time", `The time ${quoted(given.at)} is none; ${expected}.`);
  }
  const outside = outOfTime(atMs, facts);
  if (outside !== undefined) return outside;
  const tags = readTags(given.tags);
  if (typeof tags !== "string") return aside("bad-tags", `The tags ${tags.problem}.`);
  return { readingId, tenant, meter, quantity: quantityText(quantity), atMs, hourMs: hourOf(atMs), tags };
}

function outOfTime(atMs: number, { serviceMs, dedupeDays }: RecordingFacts): SetAside | undefined {
  if (serviceMs === undefined) return undefined;
  if (atMs > serviceMs + AHEAD_MS_MAX) {
    return aside(
      "ahead",
      `The time ${isoOf(atMs)} is more than a day ahead of the service, whose time is ${isoOf(serviceMs)}.`,
    );
  }
  if (atMs < serviceMs - dedupeDays * DAY_MS) {
    return aside(
      "too-old",
      `The time ${isoOf(atMs)} is more than ${dedupeDays} days before the service's, ${isoOf(serviceMs)}.`,
    );
  }
  return undefined;
}

/** Whether a reading says the same as the one that is kept under its id. */
export function isSameReading(kept: Reading, again: Reading): boolean {
  const members = ["meter", "quantity", "atMs", "tags"] as const;
  return members.every((member) => kept[member] === again[member]);
}

export function conflict(kept: Reading): SetAside {
  const { readingId, meter, quantity, atMs } = kept;
  const stands = `${quantity} of ${meter} at ${isoOf(atMs)}`;
  return aside(
    "conflicting",
    `The reading ${quoted(readingId)} was recorded before with other content, which stands: ${stands}.`,
  );
}

/** Whether something is a name: 1 to 255 characters, none of which is a control character. */
export function isName(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- that is what it is about
  return text !== "" && text.length <= TEXT_LENGTH_MAX && !/[\u0000-\u001f\u007f]/.test(text);
}

function nameProblem(what: string, text: string): string {
  return `The ${what} ${quoted(text)} is none; expected 1 to ${TEXT_LENGTH_MAX} characters, no control characters.`;
}

function aside(reason: SetAsideReason, message: string): SetAside {
  return { reason, message };
}

/** Cut, so that no message is as long as what somebody sent. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
