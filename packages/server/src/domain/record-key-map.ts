/**
 * A map by keys of metering records. Keys that follow each other are often of one customer's hour, and differ in their
 * dimensions only: they share the look-up of what they have in common, and no text is put together for each.
 */
import { sameHourOfCustomer, type MeteringRecordKey } from "./metering-record.ts";

export class RecordKeyMap<V> {
  readonly #hours = new Map<string, Map<string, V>>();
  /** The key that was asked for last, and what there is of its customer's hour, if anything. */
  #last: { readonly key: MeteringRecordKey; readonly hour: Map<string, V> | undefined } | undefined;

  get(key: MeteringRecordKey): V | undefined {
    return this.#hourOf(key)?.get(nameOf(key));
  }

  /** Whether it was added: false where there is a value of this key, which stays. */
  add(key: MeteringRecordKey, value: V): boolean {
    const hour = this.#hourOf(key) ?? this.#begin(key);
    const name = nameOf(key);
    if (hour.has(name)) return false;
    hour.set(name, value);
    return true;
  }

  #hourOf(key: MeteringRecordKey): Map<string, V> | undefined {
    if (this.#last !== undefined && sameHourOfCustomer(this.#last.key, key)) return this.#last.hour;
    const hour = this.#hours.get(hourName(key));
    this.#last = { key, hour };
    return hour;
  }

  #begin(key: MeteringRecordKey): Map<string, V> {
    const hour = new Map<string, V>();
    this.#hours.set(hourName(key), hour);
    this.#last = { key, hour };
    return hour;
  }
}

// Names in the catalogue hold no line break, and no other text has as many as that of an accepted record (`keyText`).

function hourName({ hour, region, offering, customer }: MeteringRecordKey): string {
  return `${hour}\n${region}\n${offering}\n${customer}`;
}

function nameOf({ dimension, discriminator }: MeteringRecordKey): string {
  return discriminator === "" ? dimension : `${dimension}\n${discriminator}`;
}
