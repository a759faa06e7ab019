/** Readings as programs have them, made into the texts that every store takes. Nothing is judged here. */
import type { GivenReading } from "./domain/reading.ts";

/** One measured use. */
export interface ReadingInput {
  /** The reading's own id, unique for its tenant: the same reading recorded again, with the same id, counts once. */
  readonly readingId: string;
  /** The seller's own name for whoever used it. */
  readonly tenant: string;
  readonly meter: string;
  /** How much, in what the meter measures: a decimal text, a bigint, or a number. Below zero takes back. */
  readonly quantity: string | number | bigint;
  /** When it was used: a `Date`, anything with `epochMilliseconds` (Temporal), or ISO 8601 with a zone. */
  readonly at: Date | string | { readonly epochMilliseconds: number };
  /** By what the customer sees the quantity split; AWS takes up to five. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Throws a `TypeError` for what is no reading at all; whatever its members are, they are recorded or set aside. */
export function givenOf(input: ReadingInput): GivenReading {
  if (typeof input !== "object" || input === null) {
    throw new TypeError(`A reading is an object with readingId, tenant, meter, quantity, at; not ${typeof input}.`);
  }
  const members: { readonly [Member in keyof ReadingInput]?: unknown } = input;
  const { readingId, tenant, meter, quantity, at, tags } = members;
  return {
    readingId: textOf(readingId),
    tenant: textOf(tenant),
    meter: textOf(meter),
    quantity: textOf(quantity),
    at: timeTextOf(at),
    tags: tags === undefined ? "null" : jsonOf(tags),
  };
}

/** What is not there is the empty text, which nothing may be. */
function textOf(value: unknown): string {
  // What cannot be kept as UTF-8, or in PostgreSQL at all, becomes something that is refused in plain words.
  if (typeof value === "string") return value.toWellFormed().replaceAll("\0", "\u0001");
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  return value === undefined || value === null ? "" : jsonOf(value);
}

function timeTextOf(at: unknown): string {
  const isTemporal = typeof at === "object" && at !== null && "epochMilliseconds" in at;
  const date = isTemporal ? new Date(Number(at.epochMilliseconds)) : at;
  if (!(date instanceof Date)) return textOf(at);
  return Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString();
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "unreadable";
  }
}
