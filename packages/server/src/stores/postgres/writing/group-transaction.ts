/**
 * One try to commit a group: one transaction reads the facts, decides the group, and writes what was decided. Nothing of it
 * holds before its commit has been answered.
 */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import type { Client } from "pg";
import { keyText, type MeteringRecordKey } from "../../../domain/metering/metering-record.ts";
import { linkOf } from "../../../ledger/chain.ts";
import type { Found, RecordPointer, StagedEntry, StagedGroup } from "../../../ledger/engine.ts";
import { FoundRecords } from "../../../ledger/found-records.ts";
import { decideGroup, type DecidedGroup } from "../../../ledger/group-decision.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import type { Spare } from "../../../ledger/spare.ts";
import { DATABASE_MS, WrongClockError, clockTrouble, differenceOf, type ClockDifference } from "../clock-difference.ts";
import { STATE_LOCK } from "../locks.ts";
import { allSeen, findRecords, type Queryable } from "../reading/record-pointers.ts";
import { findResources, type FoundResources } from "../resources/find-resources.ts";
import { writeResources } from "../resources/write-resources.ts";
import { isSameState, type SharedClock, type SharedState, type StateId } from "../shared-state.ts";
import { readState, stateIdOf, writeState, type StateIdRow } from "../state-rows.ts";
import { isNotUnique, isRefusedCopy, troubleOf } from "../trouble.ts";
import { insertStatements, type NewEntry } from "./insert-rows.ts";
import { StandbyNotAwaitedError, commit, type Head, type LaneSession } from "./lane-session.ts";
import { removeAll, removeExpired } from "./remove-entries.ts";
import { offeringOf, type Group } from "./waiting-work.ts";

export interface GroupContext {
  readonly state: SharedState;
  readonly clock: SharedClock;
  /** See PostgresLedgerOptions. */
  readonly clocksApartMaxMs: number | undefined;
  readonly ruleSet: RuleSet;
  readonly spare: Spare;
  /** The time of the newest entry that this node knows of. */
  readonly newestAtMs: () => EpochMs;
  /** Whether `newestAtMs` may be later than the clock, and decisions then go by the clock. */
  readonly acceptNewestAhead: boolean;
  /** Whether the ledger lies on several machines. */
  readonly isSpread: boolean;
  /**
   * The connections over which records are looked up where the ledger lies on several machines. If a group's own transaction
   * read from a machine, Citus would not prepare the rows that it copies there: it would commit them after the coordinator's
   * own commit, and if that message is lost, so is what was acknowledged. The group holds the state's lock meanwhile, so what
   * is found stays true.
   */
  readonly elsewhere: Queryable | undefined;
  /** Runs the statements that write and commit, for metrics. */
  readonly aroundCommit: (commit: () => Promise<void>) => Promise<void>;
}

/** The result of a committed group. */
export interface Committed {
  readonly decision: DecidedGroup;
  /** The time of the group's entries. */
  readonly entriesAtMs: EpochMs;
  /** The state by which the group was decided. */
  readonly decidedOn: StateId;
  /** The new state, where the group has changed it. */
  readonly state: StateId | undefined;
  /** Whether anything was kept under the group's keys before. */
  readonly metKept: boolean;
}

/**
 * `raced`: another group wrote one of the keys first. `refused`: perhaps another group did; if none did, the next try finds no
 * more than `kept` records under the keys. `alone`: the group changes catalogue or clock, or removes entries, so it must be
 * tried again while nobody else writes.
 */
export type Tried =
  | { readonly kind: "committed"; readonly committed: Committed }
  | { readonly kind: "raced" }
  | { readonly kind: "refused"; readonly kept: number; readonly reason: Error }
  | { readonly kind: "alone" };

/** The commit was sent, and its answer was lost or leaves open whether the standby has it: whether the group is kept is not known. */
export class CommitInDoubtError extends Error {
  readonly committed: Committed;
  /** The lane's head if the commit was made. */
  readonly head: Head;

  constructor(committed: Committed, head: Head, cause: unknown) {
    super("Whether a commit was kept is not known.", { cause });
    this.name = "CommitInDoubtError";
    this.committed = committed;
    this.head = head;
  }
}

const NOTHING = new FoundRecords({ pointers: [], entries: new Map() });

interface HeadRow extends StateIdRow {
  readonly seq: string;
  readonly link: Buffer;
  readonly newest_at_ms: string | null;
  readonly database_ms: number;
}

interface Way {
  /** Whether the group holds the state's lock alone. */
  readonly alone: boolean;
  /**
   * Whether the group is first decided as if nothing were kept under its keys. If every key is then a new record's, nothing is
   * looked up: the index refuses a key that is kept.
   */
  readonly assumeNew: boolean;
}

export async function tryGroup(
  session: LaneSession,
  group: Group,
  context: GroupContext,
  { alone, assumeNew }: Way,
): Promise<Tried> {
  const { client } = session;
  const isReset = group.works[0]?.reset === true;
  if (isReset && !alone) return { kind: "alone" };
  const resourceIds = group.works.flatMap(({ work }) => work.resources ?? []);
  const beforeMs = context.clock.nowMs();
  const [row, known] = await begin(session, alone, resourceIds);
  if (!isSameState(stateIdOf(row), context.state.id)) await adopt(client, context.state);
  const decidedOn = context.state.id;

  const keys = group.works.flatMap(({ work }) => work.keys);
  const { clock, ruleSet, spare, state } = context;
  const clockMs = clock.nowMs();
  refuseWrongClock(context, differenceOf(row.database_ms, beforeMs, clockMs));
  const entriesAtMs = Math.max(clockMs, context.newestAtMs(), Number(row.newest_at_ms ?? Number.NEGATIVE_INFINITY));
  const nowMs = context.acceptNewestAhead ? clockMs : entriesAtMs;
  const positionAt = clock.positionAt.bind(clock);
  const decide = (found: FoundRecords): DecidedGroup =>
    decideGroup(group.works, {
      nowMs,
      entriesAtMs,
      ruleSet,
      catalogue: state.catalogue,
      found,
      resources: resourceIds.map((id) => known.get(id)?.resource),
      positionAt,
      spare,
    });
  let found = NOTHING;
  let decision = assumeNew ? decide(found) : undefined;
  if (decision === undefined || !isAllNew(keys, decision)) {
    found = new FoundRecords(await lookUp(client, keys, context));
    decision = decide(found);
  }
  const { staged } = decision;
  group.taken = decision.taken;
  if ((changesState(staged) || staged.expired !== undefined) && !alone) {
    await client.query("ROLLBACK");
    return { kind: "alone" };
  }
  const kept = refuseContradictions(keys, decision, found);
  let committed: Committed = { decision, entriesAtMs, decidedOn, state: undefined, metKept: kept > 0 };

  if (staged.entries.length === 0) {
    await client.query("ROLLBACK");
    return { kind: "committed", committed };
  }
  const entries = chained(decision, Number(row.seq), row.link);
  let lostTo: unknown;
  let isOvertaken = false;
  await context.aroundCommit(async () => {
    if (isReset) await removeAll(client);
    if (staged.expired !== undefined) await removeExpired(client, staged.expired);
    if (changesState(staged)) committed = { ...committed, state: await writeState(client, staged) };
    if (await writeResources(client, staged.resources, known)) {
      lostTo = await keep(session, entries, committed);
    } else {
      isOvertaken = true;
      await client.query("ROLLBACK");
    }
  });
  if (isOvertaken) return { kind: "raced" };
  if (lostTo === undefined) return { kind: "committed", committed };
  return isNotUnique(lostTo) ? { kind: "raced" } : { kind: "refused", kept, reason: lostTo as Error };
}

async function lookUp(
  client: Client,
  keys: readonly MeteringRecordKey[],
  { elsewhere }: GroupContext,
): Promise<Found<RecordPointer | undefined>> {
  return elsewhere === undefined ? findRecords(client, keys) : allSeen(await findRecords(elsewhere, keys));
}

/** The group's lock keeps other groups from changing the state; but another lane of this node may adopt it meanwhile. */
async function adopt(db: Queryable, state: SharedState): Promise<void> {
  const kept = await readState(db, state.id);
  if (!isSameState(kept, state.id) && !state.adopt(kept)) state.adopt(await readState(db));
}

async function begin(
  { client, lane }: LaneSession,
  alone: boolean,
  resourceIds: readonly string[],
): Promise<readonly [HeadRow, FoundResources]> {
  // The lock is a statement of its own: statements after it see everything that was committed under the lock before.
  const lock = alone ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared";
  const [, { rows }, resources] = await Promise.all([
    client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SELECT ${lock}(${STATE_LOCK.join(", ")})`),
    client.query<HeadRow>(
      alone ? laneHead("lane-head-alone", NEWEST_OF_ALL, lane) : laneHead("lane-head", "l.newest_at_ms", lane),
    ),
    findResources(client, resourceIds),
  ]);
  const [row] = rows;
  if (row === undefined) throw new DefectError(`The row of lane ${lane} is missing.`);
  return [row, resources];
}

/** The machine's clock may be wrong at any time; a manual or offset clock is moved on purpose. Throws WrongClockError. */
function refuseWrongClock({ clock, clocksApartMaxMs }: GroupContext, difference: ClockDifference): void {
  const trouble = clock.mode === "system" ? clockTrouble(difference, clocksApartMaxMs) : undefined;
  if (trouble !== undefined) throw new WrongClockError(trouble);
}

/** The newest entry time of all lanes: a change of catalogue or clock comes after every accepted entry, by whatever clock. */
const NEWEST_OF_ALL = "(SELECT max(newest_at_ms) FROM countinghouse.lane) AS newest_at_ms";

function laneHead(name: string, newest: string, lane: number): { name: string; text: string; values: number[] } {
  return {
    name,
    text: `SELECT s.version, s.state_edition AS edition, l.seq, l.link, ${newest}, ${DATABASE_MS} AS database_ms
           FROM countinghouse.lane l, countinghouse.state s WHERE l.number = $1 FOR UPDATE OF l`,
    values: [lane],
  };
}

/**
 * Sends the statements and the commit together. After a statement that fails, PostgreSQL answers the commit with ROLLBACK.
 * Answers the error of a lost race for a key, or of one that may have been lost; undefined where all was committed.
 */
async function keep(
  { client, lane }: LaneSession,
  entries: readonly NewEntry[],
  committed: Committed,
): Promise<unknown> {
  const statements = insertStatements(lane, entries);
  const sent = [...statements.map((statement) => client.query(statement)), commit(client)];
  const answers = await Promise.allSettled(sent);
  const answer = answers.at(-1);
  if (answer?.status === "rejected") {
    const { reason } = answer as { readonly reason: unknown };
    if (!(reason instanceof StandbyNotAwaitedError) && troubleOf(reason) !== "lost") throw reason;
    throw new CommitInDoubtError(committed, entries.at(-1) as NewEntry, reason);
  }
  const failed = answers.findIndex(({ status }) => status === "rejected");
  if (answer?.value.command === "COMMIT") {
    if (failed !== -1) throw new DefectError("A group was committed without a part of it.");
    return undefined;
  }
  const reason: unknown = (answers[failed] as PromiseRejectedResult | undefined)?.reason;
  const ofRecords = statements[failed]?.name === "insert-records";
  if (ofRecords && (isNotUnique(reason) || isRefusedCopy(reason))) return reason;
  if (isNotUnique(reason) || (isRefusedCopy(reason) && (await isAnyThere(client, entries)))) {
    throw new DefectError("The ledger already holds an entry with the id of one of these entries.");
  }
  throw reason ?? new DefectError(`A commit was answered with ${answer?.value.command}.`);
}

async function isAnyThere(client: Client, entries: readonly NewEntry[]): Promise<boolean> {
  const { rows } = await client.query("SELECT 1 FROM countinghouse.entry WHERE request_id = ANY ($1::uuid[]) LIMIT 1", [
    entries.map(({ entry }) => entry.requestId),
  ]);
  return rows.length > 0;
}

/** Whether the group changes the state that all nodes share. */
function changesState({ reset, catalogue, clock }: StagedGroup): boolean {
  return reset || catalogue.length > 0 || clock !== undefined;
}

/** Whether every key of the group is that of a record that it accepted, so that none need be looked up. */
function isAllNew(keys: readonly MeteringRecordKey[], { staged }: DecidedGroup): boolean {
  const accepted = new Set(staged.entries.flatMap(({ records }) => records.map(({ key }) => key)));
  return keys.every((key) => accepted.has(key));
}

/**
 * Throws where a decision accepted a record although it was told that its key is kept. A key that was written after the look-up
 * is a race, and no contradiction. Answers how many keys were kept.
 */
function refuseContradictions(
  keys: readonly MeteringRecordKey[],
  { decided }: DecidedGroup,
  found: FoundRecords,
): number {
  const kept = new Set(keys.filter((_, i) => found.meteringRecord(i) !== undefined).map(keyText));

  if (kept.size === 0) return 0;
  for (const { outcome } of decided) {
    const known = outcome.records?.find(({ key }) => kept.has(keyText(key)));
    if (known !== undefined) throw new DefectError(`A second record of one key was accepted: ${keyText(known.key)}`);
  }
  return kept.size;
}

/** The entries of the group, chained to the lane's head. */
function chained({ staged, decided }: DecidedGroup, newestSeq: number, newestLink: Uint8Array): NewEntry[] {
  let link = newestLink;
  const kept = decided.filter(({ spared }) => !spared);
  return kept.map(({ pending }, i) => {
    const staging = staged.entries[i] as StagedEntry;
    const seq = newestSeq + 1 + i;
    link = linkOf(link, seq, staging.entry);
    return { ...staging, offering: offeringOf(pending.work), seq, link };
  });
}
