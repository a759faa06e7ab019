/** A group of work, decided in turn: what is to be kept of it, and what each caller is told once that is durable. */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue.ts";
import { isAlias, keyText, type MeteringRecord } from "../domain/metering-record.ts";
import type { ClockPosition, StagedEntry, StagedGroup } from "./engine.ts";
import { meteringRecordIn, type FoundRecords } from "./found-records.ts";
import { stagedEntry } from "./staged-entry.ts";
import { DefectError, type Expired, type Facts, type Outcome, type Work } from "./ledger.ts";

/** Work that waits, and its caller. */
export interface Pending {
  readonly work: Work<unknown>;
  /** Whether the ledger is emptied first. Such work is a group by itself. */
  readonly reset: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What is the same for all work of a group. */
export interface GroupFacts {
  readonly nowMs: EpochMs;
  readonly ruleSet: RuleSet;
  readonly catalogue: CatalogueView;
  /** By the keys of the group's work, one after the other. */
  readonly found: FoundRecords;
  readonly positionAt: (toMs: EpochMs) => ClockPosition | undefined;
}

export interface DecidedGroup {
  readonly staged: StagedGroup;
  readonly decided: readonly { readonly pending: Pending; readonly outcome: Outcome<unknown> }[];
  readonly records: number;
  /** How much of the group this is; the rest has to see this much committed first. */
  readonly taken: number;
}

/** A decision that throws fails alone: its caller is told now. Throws where the ledger contradicts itself. */
export function decideGroup(group: readonly Pending[], facts: GroupFacts): DecidedGroup {
  const catalogue: CatalogueChange[] = [];
  const reset = group[0]?.reset === true;
  // What stands kept of a clock goes with the rest; where the clock stands is not to be forgotten.
  let clock = reset ? facts.positionAt(facts.nowMs) : undefined;
  const entries: StagedEntry[] = [];
  const decided: { pending: Pending; outcome: Outcome<unknown> }[] = [];
  let expired: Expired | undefined;
  const decider = new Decider(facts);
  let taken = 0;
  while (taken < group.length) {
    const pending = group[taken] as Pending;
    taken += 1;
    const outcome = decider.decide(pending, entries);
    if (outcome === undefined) continue;
    decided.push({ pending, outcome });
    if (outcome.catalogue !== undefined) catalogue.push(...outcome.catalogue);
    if (outcome.moveClockTo !== undefined) clock = facts.positionAt(outcome.moveClockTo);
    expired = outcome.expired;
    // A change of catalogue or clock, or a removal, ends the group, so that the rest sees it.
    if (outcome.catalogue !== undefined || outcome.moveClockTo !== undefined || expired !== undefined) break;
  }
  const staged = { reset, expired, entries, catalogue, clock };
  return { staged, decided, records: decider.records, taken };
}

class Decider {
  readonly #facts: GroupFacts;
  /** What the group has accepted so far. */
  readonly #staged = new Map<string, MeteringRecord>();
  #keysBefore = 0;
  #records = 0;

  constructor(facts: GroupFacts) {
    this.#facts = facts;
  }

  get records(): number {
    return this.#records;
  }

  decide({ work, reject }: Pending, entries: StagedEntry[]): Outcome<unknown> | undefined {
    const { nowMs } = this.#facts;
    const texts = work.keys.map(keyText);
    const facts = this.#factsFor(texts);
    let outcome: Outcome<unknown>;
    let staged: StagedEntry;
    try {
      outcome = work.decide(facts);
      staged = stagedEntry({ atMs: nowMs, call: work.call, event: outcome.event }, outcome.records ?? []);
    } catch (error) {
      reject(error as Error);
      return undefined;
    }
    const { event, records = [] } = outcome;
    entries.push(staged);
    for (const { position, key } of records) {
      // Most keys are those of the work, in their order, and their texts are there.
      const text = key === work.keys[position] ? (texts[position] as string) : keyText(key);
      if (this.#staged.has(text)) throw new DefectError(`Two records of one key were accepted: ${text}`);
      this.#staged.set(text, meteringRecordIn(event, work.call.requestId, position));
      if (!isAlias(key)) this.#records += 1;
    }
    return outcome;
  }

  #factsFor(texts: readonly string[]): Facts {
    const { nowMs, ruleSet, catalogue, found } = this.#facts;
    const first = this.#keysBefore;
    this.#keysBefore += texts.length;
    const kept = texts.map((text, i) => this.#staged.get(text) ?? found.meteringRecord(first + i));
    return { nowMs, ruleSet, catalogue, kept };
  }
}
