/**
 * What rows are found by, in place of long texts: numbers made of the texts themselves, so that every node makes the same
 * ones without asking, and none has to be kept. The texts are in the entries.
 */
import { hash } from "node:crypto";
import { keyText, type MeteringRecordKey } from "../../domain/metering/metering-record.ts";

const REMEMBERED_MAX = 100_000;

/** What stands for a text in the rows: the first 64 bits of its SHA-256. Two names do not meet by chance. */
export const numberOf: (text: string) => bigint = remembering((text) =>
  BigInt.asIntN(64, BigInt(`0x${sha256(text).slice(0, 16)}`)),
);

/** By what rows are told apart into shards. */
export const shardKeyOf: (offering: string) => bigint = numberOf;

/** There are some dozens of regions: 32 bits are enough. */
export function regionNumberOf(region: string): bigint {
  return numberOf(region) >> 32n;
}

/**
 * A metering record's key, as the digits of a UUID: 32 bits of the customer, so that what is sent together lies together,
 * and 96 bits of the whole key. Within an hour and an offering two keys do not meet by chance.
 */
export function recordKeyOf(key: MeteringRecordKey): string {
  return customerDigits(key.customer) + sha256(keyText(key)).slice(0, 24);
}

/** What the keys of a customer begin with. */
export const customerDigits: (customer: string) => string = remembering((customer) => sha256(customer).slice(0, 8));

/** The digits of a UUID as PostgreSQL shows it. */
export function digitsOf(uuid: string): string {
  return uuid.replaceAll("-", "");
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

/** There are as many texts as names in the catalogue; the bound only guards against surprises. */
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
