/** A snapshot of a lab: its catalogue without secrets, its ledger and the place of its clock, in one file. */
import type { EpochMs, RuleSetName } from "@countinghouse/protocol";
import type { CatalogueKind } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { EncodedEntry } from "../ledger/entry-codec.ts";

/** How long a snapshot may be, compressed and not: it is held in memory when it is saved and when it is loaded. */
export const SNAPSHOT_BYTES_MAX = 16 * 1_048_576;
export const SNAPSHOT_TEXT_BYTES_MAX = 64 * 1_048_576;

export interface Snapshot {
  /** The version of the program that saved it. */
  readonly program: string;
  /** The service clock when it was saved. No entry is later. */
  readonly savedAtMs: EpochMs;
  /** The rules that its calls were answered by. */
  readonly ruleSet: RuleSetName;
  readonly clock: "system" | "manual" | "offset";
  /** Objects as they were. Access keys have no secret; registration keys and settings are left out. */
  readonly catalogue: readonly SnapshotObject[];
  readonly resources: readonly MeteredResource[];
  /** All of the chain, from its first entry. */
  readonly entries: readonly EncodedEntry[];
}

/** An object of the catalogue, without what is sealed in it. */
export interface SnapshotObject {
  readonly kind: SnapshotKind;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** The member that is the id of an object, by its kind. */
const ID_MEMBERS = {
  account: "id",
  "access-key": "accessKeyId",
  product: "productCode",
  agreement: "agreementId",
  issuer: "issuer",
} as const satisfies Partial<Record<CatalogueKind, string>>;

type SnapshotKind = keyof typeof ID_MEMBERS;

/** What a snapshot has of a catalogue. */
export const SNAPSHOT_KINDS = Object.keys(ID_MEMBERS) as readonly SnapshotKind[];

export function idOf(kind: SnapshotKind, value: object): string {
  return String((value as Readonly<Record<string, unknown>>)[ID_MEMBERS[kind]]);
}

/** A snapshot could not be saved, read or loaded. The message is a sentence for people. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SnapshotError";
  }
}
