/** Numbers for names, given on first use and kept for ever. A cache in front spares the look-up. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { MeteringRecordKey } from "../../domain/metering-record.ts";
import type { EntryAttributes } from "../../ledger/entry-attributes.ts";

/** Names are those of the catalogue, so the cache is as small as that; the bound only guards against surprises. */
const CACHED_MAX = 1_000_000;

/** A key with numbers in the place of its names. */
export interface NumberedKey {
  readonly hour: number;
  readonly offering: number;
  readonly region: number;
  readonly customer: number;
  readonly dimension: number;
  readonly discriminator: string;
}

/** An entry's attributes with numbers in the place of names, and null for those it has not. */
export interface NumberedAttributes {
  readonly operation: number;
  readonly principal: number;
  readonly account: number | null;
  readonly accessKey: number | null;
  readonly product: number | null;
}

/** The names that are in the store. */
export class Names {
  readonly #select: StatementSync;
  readonly #selectText: StatementSync;
  readonly #selectNewest: StatementSync;
  #numbers = new Map<string, number>();
  #texts = new Map<number, string>();
  /** The key that was numbered last. */
  #before: { readonly key: MeteringRecordKey; readonly numbers: NumberedKey } | undefined;

  constructor(db: DatabaseSync) {
    this.#select = db.prepare("SELECT id FROM name WHERE text = ?");
    this.#selectText = db.prepare("SELECT text FROM name WHERE id = ?");
    this.#selectNewest = db.prepare("SELECT max(id) AS newest FROM name");
  }

  /** The name's number, or undefined for a name that was never given one. */
  find(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const row = this.#select.get(text);
    return row === undefined ? undefined : this.#remember(text, Number(row["id"]));
  }

  /**
   * Undefined where a name was never given a number: such a key is in no record. Keys that follow each other have most names
   * in common, and those are not looked up again.
   */
  numbered(key: MeteringRecordKey): NumberedKey | undefined {
    const before = this.#before;
    const offering = before?.key.offering === key.offering ? before.numbers.offering : this.find(key.offering);
    const region = before?.key.region === key.region ? before.numbers.region : this.find(key.region);
    const customer = before?.key.customer === key.customer ? before.numbers.customer : this.find(key.customer);
    const dimension = before?.key.dimension === key.dimension ? before.numbers.dimension : this.find(key.dimension);
    if (offering === undefined || region === undefined || customer === undefined || dimension === undefined) {
      return undefined;
    }
    const { hour, discriminator } = key;
    const numbers = { hour, offering, region, customer, dimension, discriminator };
    this.#before = { key, numbers };
    return numbers;
  }

  text(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const text = String(this.#selectText.get(number)?.["text"]);
    this.#remember(text, number);
    return text;
  }

  /** The highest number that was given. */
  newest(): number {
    return Number(this.#selectNewest.get()?.["newest"] ?? 0);
  }

  /** After a reset: numbers that were given belong to no name any more. */
  forget(): void {
    this.#numbers = new Map();
    this.#texts = new Map();
    this.#before = undefined;
  }

  #remember(text: string, number: number): number {
    if (this.#numbers.size >= CACHED_MAX) this.forget();
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
    return number;
  }
}

/**
 * Numbers for the names of one group: those of the store, and new ones for names that it does not have. They are in the
 * store once the group is; where the group fails, they were never given.
 */
export class NewNames {
  /** The number of the first new name; the others follow it. */
  readonly first: number;
  readonly texts: string[] = [];
  readonly #find: (text: string) => number | undefined;
  readonly #given = new Map<string, number>();

  constructor(newest: number, find: (text: string) => number | undefined) {
    this.first = newest + 1;
    this.#find = find;
  }

  number(text: string): number {
    return this.#find(text) ?? this.#given.get(text) ?? this.#give(text);
  }

  numbered(key: MeteringRecordKey): NumberedKey {
    return {
      hour: key.hour,
      offering: this.number(key.offering),
      region: this.number(key.region),
      customer: this.number(key.customer),
      dimension: this.number(key.dimension),
      discriminator: key.discriminator,
    };
  }

  numberedAttributes(attributes: EntryAttributes): NumberedAttributes {
    const { operation, principal, accountId, accessKeyId, productCode } = attributes;
    return {
      operation: this.number(operation),
      principal: this.number(principal),
      account: accountId === undefined ? null : this.number(accountId),
      accessKey: accessKeyId === undefined ? null : this.number(accessKeyId),
      product: productCode === undefined ? null : this.number(productCode),
    };
  }

  #give(text: string): number {
    const number = this.first + this.texts.length;
    this.texts.push(text);
    this.#given.set(text, number);
    return number;
  }
}
