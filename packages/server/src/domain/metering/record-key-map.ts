/**
 * A map by keys of metering records. Keys that follow each other often differ in their dimensions only: those share the
 * look-up of all the rest, and no text is put together for each of them.
 */
import { sameButForDimension, type MeteringRecordKey } from "./metering-record.ts";

export class RecordKeyMap<V> {
  /** By all of a key but its dimension, and then by that. */
  readonly #groups = new Map<string, Map<string, V>>();
  /** The key that was asked for last, and the group that it belongs to, if there is one. */
  #last: { readonly key: MeteringRecordKey; readonly group: Map<string, V> | undefined } | undefined;

  get(key: MeteringRecordKey): V | undefined {
    return this.#groupOf(key)?.get(key.dimension);
  }

  /** Whether it was added: false where there is a value of this key, which stays. */
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

/** Names in the catalogue hold no line break, so the text of an accepted record has four, and no other key has the same. */
function groupName({ hour, region, offering, customer, discriminator }: MeteringRecordKey): string {
  return `${hour}\n${region}\n${offering}\n${customer}\n${discriminator}`;
}
