/**
 * A staged group in the form in which it goes to the writer thread: whole entries, but only numbers for each record, because
 * copying many small objects between threads costs more than writing them. Numbers stand for names; new names go along.
 */
import type { StagedGroup } from "../../../ledger/engine.ts";
import type { ChainHead } from "../../../ledger/chain-head.ts";
import type { Expired } from "../../../ledger/ledger.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import type { MeteringRecordKey } from "../../../domain/metering/metering-record.ts";
import type { TallyCell, UsageCell } from "../../../ledger/sums/sums.ts";
import type { NewNames, NumberedKey } from "../names.ts";
import { resourceRow, type ResourceRow } from "../resource-rows.ts";

export interface PackedGroup {
  /** Whether everything kept so far is removed first. */
  readonly reset: boolean;
  /** The number of the first entry; the others follow. */
  readonly firstSeq: number;
  readonly entries: readonly EncodedEntry[];
  /** `ATTRIBUTES` for each entry, one entry after the other; 0 for an attribute that an entry does not have. */
  readonly attributes: Float64Array;
  /** The number of the first new name; the others follow. */
  readonly firstName: number;
  readonly names: readonly string[];
  /** Numbers of names that this group puts into keys for the first time. */
  readonly namesOfKeys: readonly number[];
  /** `FIGURES` for each record, one record after the other. */
  readonly figures: Float64Array;
  /** One for each record. */
  readonly discriminators: readonly string[];
  readonly expired: PackedExpired | undefined;
  readonly catalogue: readonly PackedChange[];
  readonly resources: readonly ResourceRow[];
  readonly clock: string | undefined;
}

/** Entries that are removed, and the keys of their records: `KEY_FIGURES` for each. */
export interface PackedExpired {
  readonly through: ChainHead;
  readonly figures: Float64Array;
  readonly discriminators: readonly string[];
  readonly usage: readonly UsageCell[];
  readonly tallies: readonly TallyCell[];
}

/** A row of the catalogue. */
type PackedChange = readonly [kind: string, id: string, value: string | null, fileDigest: string | null];

/** Operation, principal, account, access key, product. */
export const ATTRIBUTES = 5;
/** Hour, offering, region, customer, dimension, quantity, entry, position. */
export const FIGURES = 8;
/** The key's figures come first in `FIGURES`. */
export const KEY_FIGURES = 5;

/** `numbered` gives a key its numbers; `names` numbers the other names, and collects the new ones. */
export function packGroup(
  group: StagedGroup,
  firstSeq: number,
  numbered: (key: MeteringRecordKey) => NumberedKey,
  names: NewNames,
): PackedGroup {
  const count = group.entries.reduce((sum, { records }) => sum + records.length, 0);
  const figures = new Float64Array(count * FIGURES);
  const discriminators: string[] = [];
  let at = 0;
  for (let i = 0; i < group.entries.length; i += 1) {
    for (const { key, quantity, position } of group.entries[i]?.records ?? []) {
      const numbers = numbered(key);
      figures[at] = key.hour;
      figures[at + 1] = numbers.offering;
      figures[at + 2] = numbers.region;
      figures[at + 3] = numbers.customer;
      figures[at + 4] = numbers.dimension;
      figures[at + 5] = quantity;
      figures[at + 6] = firstSeq + i;
      figures[at + 7] = position;
      discriminators.push(key.discriminator);
      at += FIGURES;
    }
  }
  const attributes = packAttributes(group, names);
  const expired = group.expired === undefined ? undefined : packExpired(group.expired, names);
  return {
    reset: group.reset,
    firstSeq,
    entries: group.entries.map(({ entry }) => entry),
    attributes,
    firstName: names.first,
    names: names.texts,
    namesOfKeys: [...names.ofKeys],
    figures,
    discriminators,
    expired,
    catalogue: group.catalogue.map(({ kind, id, value, fileDigest }) => [
      kind,
      id,
      value === undefined ? null : JSON.stringify(value),
      fileDigest ?? null,
    ]),
    resources: group.resources.map(resourceRow),
    clock: group.clock === undefined ? undefined : JSON.stringify(group.clock),
  };
}

function packAttributes({ entries }: StagedGroup, names: NewNames): Float64Array {
  const packed = new Float64Array(entries.length * ATTRIBUTES);
  entries.forEach(({ attributes }, i) => {
    const { operation, principal, account, accessKey, product } = names.numberedAttributes(attributes);
    packed.set([operation, principal, account ?? 0, accessKey ?? 0, product ?? 0], i * ATTRIBUTES);
  });
  return packed;
}

function packExpired({ through, keys, usage, tallies }: Expired, names: NewNames): PackedExpired {
  const figures = new Float64Array(keys.length * KEY_FIGURES);
  keys.forEach((key, i) => {
    const { hour, offering, region, customer, dimension } = names.numbered(key);
    figures.set([hour, offering, region, customer, dimension], i * KEY_FIGURES);
  });
  return { through, figures, discriminators: keys.map(({ discriminator }) => discriminator), usage, tallies };
}
