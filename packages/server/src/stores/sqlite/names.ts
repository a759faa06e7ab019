/**
 * Numbers for names, given on first use. Names in keys keep their numbers for ever. A name that is only searched for in entries
 * is removed with the last entry that has it (`writer/group-writer.ts`). A cache spares most look-ups.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import type { EntryAttributes } from "../../ledger/entry-attributes.ts";

/** The names in keys come from the catalogue, so the cache is no larger than that; the bound only guards against surprises. */
const OF_KEYS_MAX = 1_000_000;
/** There may be any number of other names. A name that comes again usually comes again soon. */
const OTHERS_MAX = 10_000;

/** A key in which numbers stand for the names. */
export interface NumberedKey {
  readonly hour: number;
  readonly offering: number;
  readonly region: number;
  readonly customer: number;
  readonly dimension: number;
  readonly discriminator: string;
}

/** An entry's attributes in which numbers stand for the names; null for an attribute that the entry does not have. */
interface NumberedAttributes {
  readonly operation: number;
  readonly principal: number;
  readonly account: number | null;
  readonly accessKey: number | null;
  readonly product: number | null;
}

/** Finds the numbers of names that are in the store. */
export interface KnownNames {
  find(text: string): number | undefined;
  /** Undefined also where the name has a number but is in no key. */
  findOfKey(text: string): number | undefined;
}

/** The names that are in the store. */
export class Names implements KnownNames {
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  readonly #selectText: StatementSync;
  readonly #selectNewest: StatementSync;
  /** Prepared when it is first needed: a ledger opened for reading may be older than the column that this statement uses. */
  #selectOfKey: StatementSync | undefined;
  #ofKeys = new Map<string, number>();
  #others = new Map<string, number>();
  #texts = new Map<number, string>();
  /** The key that was numbered last. */
  #before: { readonly key: MeteringRecordKey; readonly numbers: NumberedKey } | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#select = db.prepare("SELECT id FROM name WHERE text = ?");
    this.#selectText = db.prepare("SELECT text FROM name WHERE id = ?");
    this.#selectNewest = db.prepare("SELECT max(id) AS newest FROM name");
  }

  /** The name's number; undefined where it has none. */
  find(text: string): number | undefined {
    const known = this.#ofKeys.get(text) ?? this.#others.get(text);
    if (known !== undefined) return known;
    const number = this.#select.get(text)?.["id"] as number | undefined;
    if (number === undefined) return undefined;
    if (this.#others.size >= OTHERS_MAX) this.#others.clear();
    this.#others.set(text, number);
    return number;
  }

  findOfKey(text: string): number | undefined {
    const known = this.#ofKeys.get(text);
    if (known !== undefined) return known;
    this.#selectOfKey ??= this.#db.prepare("SELECT id FROM name WHERE text = ? AND in_key = 1");
    const number = this.#selectOfKey.get(text)?.["id"] as number | undefined;
    if (number === undefined) return undefined;
    if (this.#ofKeys.size >= OF_KEYS_MAX) this.#ofKeys.clear();
    this.#ofKeys.set(text, number);
    return number;
  }

  /**
   * Undefined where one of the names is in no key: then no record has this key. Successive keys share most names, and those are
   * not looked up again.
   */
  numbered(key: MeteringRecordKey): NumberedKey | undefined {
    const before = this.#before;
    const offering = before?.key.offering === key.offering ? before.numbers.offering : this.findOfKey(key.offering);
    const region = before?.key.region === key.region ? before.numbers.region : this.findOfKey(key.region);
    const customer = before?.key.customer === key.customer ? before.numbers.customer : this.findOfKey(key.customer);
    const dimension =
      before?.key.dimension === key.dimension ? before.numbers.dimension : this.findOfKey(key.dimension);
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
    if (this.#texts.size >= OF_KEYS_MAX) this.#texts.clear();
    this.#texts.set(number, text);
    return text;
  }

  /** The highest number that was given. */
  newest(): number {
    return Number(this.#selectNewest.get()?.["newest"] ?? 0);
  }

  /** To be called after a reset, which takes all numbers from their names. */
  forget(): void {
    this.forgetOthers();
    this.#ofKeys = new Map();
    this.#texts = new Map();
    this.#before = undefined;
  }

  /** To be called after entries have expired: names that only they had are gone. */
  forgetOthers(): void {
    this.#others = new Map();
  }
}

/**
 * Numbers for the names of one group: known numbers, and new ones for new names. The new names are stored with the group; where
 * the group fails, their numbers count as never given.
 */
export class NewNames {
  /** The number of the first new name; the others follow. */
  readonly first: number;
  readonly texts: string[] = [];
  /** Numbers of names, new or not, that this group puts into keys for the first time. */
  readonly ofKeys = new Set<number>();
  readonly #known: KnownNames;
  readonly #given = new Map<string, number>();

  constructor(newest: number, known: KnownNames) {
    this.first = newest + 1;
    this.#known = known;
  }

  number(text: string): number {
    return this.#given.get(text) ?? this.#known.find(text) ?? this.#give(text);
  }

  numbered(key: MeteringRecordKey): NumberedKey {
    return {
      hour: key.hour,
      offering: this.#numberOfKey(key.offering),
      region: this.#numberOfKey(key.region),
      customer: this.#numberOfKey(key.customer),
      dimension: this.#numberOfKey(key.dimension),
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

  #numberOfKey(text: string): number {
    // A name that is new in this group is not looked up again for each record.
    const known = this.#given.has(text) ? undefined : this.#known.findOfKey(text);
    if (known !== undefined) return known;
    const number = this.number(text);
    this.ofKeys.add(number);
    return number;
  }

  #give(text: string): number {
    const number = this.first + this.texts.length;
    this.texts.push(text);
    this.#given.set(text, number);
    return number;
  }
}
