/**
 * A map by metering-record keys. Successive keys often differ only in their dimensions; they share one look-up of all other
 * parts, and no text is built for each of them.
 */
import { sameButForDimension, type MeteringRecordKey } from "./metering-record.ts";

export class RecordKeyMap<V> {
  /** By all parts of a key but its dimension, and then by dimension. */
  readonly #groups = new Map<string, Map<string, V>>();
  /** The key that was looked up last, and its group, if there is one. */
  #last: { readonly key: MeteringRecordKey; readonly group: Map<string, V> | undefined } | undefined;

  get(key: MeteringRecordKey): V | undefined {
    return this.#groupOf(key)?.get(key.dimension);
  }

  /** Answers whether the value was added: false where the key has a value, which stays. */
  add(key: MeteringRecordKey, value: V): boolean {
    const group = this.#groupOf(key) ?? this.#begin(key);
    if (group.has(key.dimension)) return false;
    group.set(key.dimension, value);
    return true;
  }

  #groupOf(key: MeteringRecordKey): Map<string, V> | undefined {
    if (this.#last !== undefined && sameButForDimension(this.#last.key, key)) return this.#last.group;
    const group = this.#groups.get(groupName(key));
    this.#last = { key, group };
    return group;
  }

  #begin(key: MeteringRecordKey): Map<string, V> {
    const group = new Map<string, V>();
    this.#groups.set(groupName(key), group);
    this.#last = { key, group };
    return group;
  }
}

/** Names in the catalogue hold no line break, so the text of an accepted record has four, and no other group has the same. */
function groupName({ hour, region, offering, customer, discriminator }: MeteringRecordKey): string {
  return `${hour}\n${region}\n${offering}\n${customer}\n${discriminator}`;
}
