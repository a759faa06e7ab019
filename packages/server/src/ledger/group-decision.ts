/** A group of work, decided in turn: what is to be kept of it, and what each caller is told when that is durable. */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import { isAlias, keyText, type MeteringRecord, type MeteringRecordKey } from "../domain/metering/metering-record.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { RecordKeyMap } from "../domain/metering/record-key-map.ts";
import type { ClockPosition, StagedEntry, StagedGroup } from "./engine.ts";
import type { LedgerEvent } from "./entry.ts";
import { meteringRecordIn, type FoundRecords } from "./found-records.ts";
import type { Spare } from "./spare.ts";
import { stagedResource, type ResourceChange } from "./resource-facts.ts";
import { stagedEntry } from "./staged-entry.ts";
import { DefectError, type Expired, type Facts, type Decision, type Work } from "./ledger.ts";

/** Work that waits, and the promise of its caller. */
export interface Pending {
  readonly work: Work<unknown>;
  /** Whether the ledger is emptied first. Such work is a group by itself. */
  readonly reset: boolean;
  /** The number that the newest entry must have when the work is decided. */
  readonly onto?: number | undefined;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The facts that are the same for all work that is decided at once. */
export interface GroupFacts {
  /** The time that decisions go by. */
  readonly nowMs: EpochMs;
  /** The time of the entries. Later than `nowMs` where the operator accepted a clock behind the newest entry. */
  readonly entriesAtMs: EpochMs;
  readonly ruleSet: RuleSet;
  readonly catalogue: CatalogueView;
  /** What was found under the keys of all works, in the order of the works. */
  readonly found: FoundRecords;
  /** What was found of the resources of all works, in the order of the works. */
  readonly resources: readonly (MeteredResource | undefined)[];
  readonly positionAt: (toMs: EpochMs) => ClockPosition | undefined;
  readonly spare: Spare;
}

interface Decided {
  readonly pending: Pending;
  readonly outcome: Decision<unknown>;
  /** Whether nothing is kept of this work. The works of which something is kept have the group's entries, in the same order. */
  readonly spared: boolean;
}

export interface DecidedGroup {
  readonly staged: StagedGroup;
  readonly decided: readonly Decided[];
  readonly records: number;
  /** How many works this group has decided. The other works must see this group committed first. */
  readonly taken: number;
}

/** Decides a whole group at once. Throws where the ledger contradicts itself. */
export function decideGroup(group: readonly Pending[], facts: GroupFacts): DecidedGroup {
  const decision = new GroupDecision();
  const taken = decision.take(group, facts);
  const { staged, decided, records } = decision;
  return { staged, decided, records, taken };
}

/** The place of each record that a group has accepted. */
type AcceptedRecords = Pick<RecordKeyMap<AcceptedAt>, "get">;

interface AcceptedAt {
  readonly event: LedgerEvent;
  readonly requestId: string;
  readonly position: number;
}

/** What a group has decided, and a look-up in the store may not find yet. */
interface MadeTrue {
  readonly accepted: AcceptedRecords;
  readonly changed: ReadonlyMap<string, ResourceChange>;
}

const NOTHING: MadeTrue = { accepted: new RecordKeyMap(), changed: new Map() };

/** A group that is decided little by little, as its work arrives. */
export class GroupDecision implements MadeTrue {
  readonly #before: MadeTrue;
  readonly #entries: StagedEntry[] = [];
  readonly #decided: Decided[] = [];
  readonly #catalogue: CatalogueChange[] = [];
  readonly #accepted = new RecordKeyMap<AcceptedAt>();
  readonly #changed = new Map<string, ResourceChange>();
  #reset = false;
  #clock: ClockPosition | undefined;
  #expired: Expired | undefined;
  #ended = false;
  #records = 0;

  /** `before` is the group that is being committed meanwhile. */
  constructor({ accepted, changed }: MadeTrue = NOTHING) {
    // Of that group, only these: it knows the group before it, and so all groups since the start would be kept.
    this.#before = { accepted, changed };
  }

  get accepted(): AcceptedRecords {
    return this.#accepted;
  }

  get changed(): ReadonlyMap<string, ResourceChange> {
    return this.#changed;
  }

  get staged(): StagedGroup {
    return {
      reset: this.#reset,
      expired: this.#expired,
      entries: this.#entries,
      catalogue: this.#catalogue,
      resources: [...this.#changed.values()].map(stagedResource),
      clock: this.#clock,
    };
  }

  get decided(): readonly Decided[] {
    return this.#decided;
  }

  /** Whether nothing of this group is to be kept. */
  get leavesNothing(): boolean {
    return this.#entries.length === 0;
  }

  get records(): number {
    return this.#records;
  }

  /** Whether this group takes no more work: it has changed something that later work must see committed. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Answers how many works were taken in; the others must see this group committed first. A decision that throws fails alone:
   * its caller is told now. Throws where the ledger contradicts itself.
   */
  take(works: readonly Pending[], facts: GroupFacts): number {
    const before = { keys: 0, resources: 0 };
    let taken = 0;
    while (taken < works.length && !this.#ended) {
      const pending = works[taken] as Pending;
      const { keys, resources = [] } = pending.work;
      taken += 1;
      this.#decide(pending, facts, before);
      before.keys += keys.length;
      before.resources += resources.length;
    }
    return taken;
  }

  /** `before` is how many keys and resources earlier works of this call of `take` have used. */
  #decide(pending: Pending, facts: GroupFacts, before: { readonly keys: number; readonly resources: number }): void {
    const { work } = pending;
    const { nowMs, entriesAtMs, ruleSet, catalogue, found } = facts;
    const kept = work.keys.map((key, i) => this.#record(key) ?? found.meteringRecord(before.keys + i));
    const resources = (work.resources ?? []).map((id, i) => this.#resource(id, facts.resources[before.resources + i]));
    let outcome: Decision<unknown>;
    let staged: StagedEntry | undefined;
    try {
      outcome = work.decide({ nowMs, ruleSet, catalogue, kept, resources } satisfies Facts);
      refuseOthers(work, outcome);
      staged = facts.spare.isSpared(work.call, outcome.event)
        ? undefined
        : stagedEntry(
            { atMs: outcome.contents?.atMs ?? entriesAtMs, call: work.call, event: outcome.event },
            outcome.records ?? [],
          );
    } catch (error) {
      pending.reject(error as Error);
      return;
    }
    this.#decided.push({ pending, outcome, spared: staged === undefined });
    if (staged === undefined) return;
    // One by one: a call takes only so many arguments.
    for (const entry of outcome.contents?.entries ?? []) this.#entries.push(entry);
    this.#entries.push(staged);
    this.#accept(work, kept, outcome);
    this.#change(pending, outcome, facts);
  }

  #accept(
    { call, keys }: Work<unknown>,
    kept: readonly (MeteringRecord | undefined)[],
    { event, records = [] }: Decision<unknown>,
  ): void {
    const { requestId } = call;
    for (const { position, key } of records) {
      // Most records are under the work's keys, in the same order, and what was kept under these keys is known.
      const before = key === keys[position] ? kept[position] : this.#record(key);
      if (before !== undefined || !this.#accepted.add(key, { event, requestId, position })) {
        throw new DefectError(`Two records of one key were accepted: ${keyText(key)}`);
      }
      if (!isAlias(key)) this.#records += 1;
    }
  }

  /** A change of catalogue or clock, or a removal, ends the group, so that later work sees the change. */
  #change(
    { reset }: Pending,
    { catalogue, resources = [], contents, moveClockTo, expired }: Decision<unknown>,
    facts: GroupFacts,
  ): void {
    if (reset) {
      this.#reset = true;
      // A reset also removes the clock's kept position. The clock stays where it is, so its position is written again.
      this.#clock = facts.positionAt(facts.nowMs);
    }
    if (catalogue !== undefined) this.#catalogue.push(...catalogue);
    for (const change of [...resources, ...(contents?.resources ?? [])]) this.#changed.set(change.resourceId, change);
    if (moveClockTo !== undefined) this.#clock = facts.positionAt(moveClockTo);
    this.#expired = expired;
    this.#ended = reset || catalogue !== undefined || moveClockTo !== undefined || expired !== undefined;
  }

  /** The record that this group, or the group before it, accepted under a key. */
  #record(key: MeteringRecordKey): MeteringRecord | undefined {
    const at = this.#accepted.get(key) ?? this.#before.accepted.get(key);
    return at === undefined ? undefined : meteringRecordIn(at.event, at.requestId, at.position);
  }
  /** The resource as this group or the group before it has left it; `found` where neither has changed it. */
  #resource(id: string, found: MeteredResource | undefined): MeteredResource | undefined {
    const change = this.#changed.get(id) ?? this.#before.changed.get(id);
    return change === undefined ? found : change.value;
  }
}

/** Refuses a change of a resource that the work did not name: its state was not read, so the decision did not know it. */
function refuseOthers({ resources = [] }: Work<unknown>, { resources: changed = [] }: Decision<unknown>): void {
  const other = changed.find(({ resourceId }) => !resources.includes(resourceId));
  if (other !== undefined) throw new Error(`The work changes resource ${other.resourceId}, and does not name it.`);
}
