/**
 * Rows are found by numbers instead of long texts. Each number is computed from its text, so every node makes the same number
 * without asking, and no table of numbers is needed. The texts are in the entries.
 */
import { hash } from "node:crypto";
import { keyText, type MeteringRecordKey } from "../../domain/metering/metering-record.ts";

const REMEMBERED_MAX = 100_000;

/** The number that stands for a text in rows: the first 64 bits of its SHA-256. Two names do not collide by chance. */
export const numberOf: (text: string) => bigint = remembering((text) =>
  BigInt.asIntN(64, BigInt(`0x${sha256(text).slice(0, 16)}`)),
);

/** The number by which rows are distributed to shards. */
export const shardKeyOf: (offering: string) => bigint = numberOf;

/** There are a few dozen regions: 32 bits are enough. */
export function regionNumberOf(region: string): bigint {
  return numberOf(region) >> 32n;
}

/**
 * A metering record's key as the digits of a UUID: 32 bits of the customer's hash, so that records that are sent together lie
 * together, and 96 bits of the whole key's hash. Within an hour and an offering, two keys do not collide by chance.
 */
export function recordKeyOf(key: MeteringRecordKey): string {
  return customerDigits(key.customer) + sha256(keyText(key)).slice(0, 24);
}

/** The digits that all keys of a customer begin with. */
export const customerDigits: (customer: string) => string = remembering((customer) => sha256(customer).slice(0, 8));

/** The digits of a UUID as PostgreSQL shows it. */
export function digitsOf(uuid: string): string {
  return uuid.replaceAll("-", "");
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

/** Remembers results. There are as many texts as names in the catalogue; the bound only guards against surprises. */
function remembering<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let made = known.get(text);
    if (made === undefined) {
      made = of(text);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(text, made);
    }
    return made;
  };
}
