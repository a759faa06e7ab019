/**
 * Follows the chain of a ledger, entry by entry, and says where it breaks: an entry was changed, is missing or stands
 * elsewhere; an entry is kept under other attributes than its own; the chain ends before an entry that is known to have been
 * there.
 */
import { CHAIN_START, linkOf } from "./chain.ts";
import type { ChainHead } from "./chain-head.ts";
import { attributesOf, type EntryAttributes } from "./entry-attributes.ts";
import { decodeEntry, type EncodedEntry } from "./entry-codec.ts";
import type { LedgerEntry } from "./entry.ts";
import type { KnownHead } from "./verification.ts";

/** An entry as a store keeps it. */
export interface KeptEntry {
  readonly seq: number;
  readonly entry: EncodedEntry;
  readonly attributes: EntryAttributes;
  /** Absent where the store has no link for the entry. */
  readonly link: Uint8Array | undefined;
}

/** Thrown to end a walk at the first break. */
export class Disagreement extends Error {}

export class ChainWalk {
  #link: Uint8Array;
  #seq: number;
  #followed = 0;
  #newestAtMs = Number.NEGATIVE_INFINITY;
  /** The known heads that the walk has still to pass, in the order of their entries. */
  readonly #known: KnownHead[];
  readonly #keptAs: (text: string) => string;

  /**
   * `base` is the head that the chain begins after, where earlier entries have expired. `keptAs` gives the form in which the
   * store keeps a searchable text, where the store changes the text.
   */
  constructor(known: readonly KnownHead[], base?: ChainHead, keptAs: (text: string) => string = (text) => text) {
    this.#keptAs = keptAs;
    this.#seq = base?.seq ?? 0;
    this.#link = base === undefined ? CHAIN_START : Buffer.from(base.link, "hex");
    this.#known = known.filter(({ seq }) => seq > 0 && seq >= this.#seq).toSorted((a, b) => a.seq - b.seq);
  }

  get followed(): number {
    return this.#followed;
  }

  /** The last entry up to which everything was in order. */
  get head(): ChainHead {
    return { seq: this.#seq, link: Buffer.from(this.#link).toString("hex") };
  }

  /** Checks the next entry and answers it decoded. Throws Disagreement. */
  follow({ seq, entry, attributes, link }: KeptEntry): LedgerEntry {
    this.#checkBase();
    const expected = this.#seq + 1;
    if (seq !== expected) throw new Disagreement(`Entry ${expected} is missing.`);
    if (entry.atMs < this.#newestAtMs) throw new Disagreement(`Entry ${seq} is older than the one before it.`);
    const decoded = readEntry(seq, entry);
    const mine = linkOf(this.#link, seq, entry);
    if (link === undefined || !mine.equals(link)) {
      throw new Disagreement(
        `Entry ${seq} (request ${entry.requestId}) is not as it was written: the chain breaks here.`,
      );
    }
    this.#checkAttributes(seq, attributes, attributesOf(decoded));
    this.#checkKnown(seq, mine);
    this.#newestAtMs = entry.atMs;
    this.#link = mine;
    this.#seq = seq;
    this.#followed += 1;
    return decoded;
  }

  /** Goes on after entry `base`: that entry and all before it have expired since the walk began. Throws Disagreement. */
  skipTo(base: ChainHead): void {
    while (this.#known[0] !== undefined && this.#known[0].seq < base.seq) this.#known.shift();
    this.#seq = base.seq;
    this.#link = Buffer.from(base.link, "hex");
    this.#checkKnown(base.seq, Buffer.from(base.link, "hex"));
  }

  /** To be called after the last entry. Throws Disagreement where a later entry is known to have been there. */
  end(): void {
    this.#checkBase();
    const beyond = this.#known.at(-1);
    if (beyond === undefined) return;
    throw new Disagreement(`The ledger ends at entry ${this.#seq}, but ${beyond.source} knows of entry ${beyond.seq}.`);
  }

  #checkBase(): void {
    if (this.#followed === 0) this.#checkKnown(this.#seq, Buffer.from(this.#link));
  }

  #checkAttributes(seq: number, kept: EntryAttributes, own: EntryAttributes): void {
    for (const name of ["operation", "principal", "accountId", "accessKeyId", "productCode"] as const) {
      const text = own[name];
      if (kept[name] === (text === undefined ? undefined : this.#keptAs(text))) continue;
      throw new Disagreement(`Entry ${seq} is found under another ${name} than its own.`);
    }
  }

  #checkKnown(seq: number, link: Buffer): void {
    while (this.#known[0]?.seq === seq) {
      const known = this.#known.shift() as KnownHead;
      if (known.link === link.toString("hex")) continue;
      throw new Disagreement(`Entry ${seq}, or one before it, is not the one that ${known.source} knows of.`);
    }
  }
}

function readEntry(seq: number, entry: EncodedEntry): LedgerEntry {
  try {
    return decodeEntry(entry);
  } catch (error) {
    throw new Disagreement(`Entry ${seq} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
