/**
 * One try to commit a group: facts are read, the group is decided, and what was decided is written, in one transaction.
 * Nothing is true before its commit has been answered.
 */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import { keyText, type MeteringRecordKey } from "../../../domain/metering-record.ts";
import { linkOf } from "../../../ledger/chain.ts";
import type { StagedGroup } from "../../../ledger/engine.ts";
import { FoundRecords } from "../../../ledger/found-records.ts";
import { decideGroup, type DecidedGroup } from "../../../ledger/group-decision.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import { STATE_LOCK } from "../locks.ts";
import { findRecords } from "../reading/record-pointers.ts";
import { readState, writeState, type SharedClock, type SharedState } from "../shared-state.ts";
import { troubleOf } from "../trouble.ts";
import { insertGroup } from "./insert-group.ts";
import type { LaneSession } from "./lane-session.ts";
import { removeAll, removeExpired } from "./remove-entries.ts";
import type { Group } from "./waiting-work.ts";

export interface GroupContext {
  readonly state: SharedState;
  readonly clock: SharedClock;
  readonly ruleSet: RuleSet;
  /** The time of the newest entry that this node knows of. */
  readonly newestAtMs: () => EpochMs;
  /** Runs what is written and committed. */
  readonly aroundCommit: (commit: () => Promise<void>) => Promise<void>;
}

/** What a group came to. */
export interface Committed {
  readonly decision: DecidedGroup;
  readonly nowMs: EpochMs;
  /** That of the state that it was decided on. */
  readonly version: number;
}

/** `alone`: it changes what all nodes go by, so it must be tried again while nobody else writes. */
export type Tried =
  | { readonly kind: "committed"; readonly committed: Committed }
  | { readonly kind: "raced" }
  | { readonly kind: "alone" };

/** The commit was asked for, and the answer was lost: kept or not, nobody has said. */
export class CommitInDoubtError extends Error {
  readonly committed: Committed;

  constructor(committed: Committed, cause: unknown) {
    super("The connection was lost while a commit was under way.", { cause });
    this.name = "CommitInDoubtError";
    this.committed = committed;
  }
}

interface HeadRow {
  readonly version: string;
  readonly seq: string;
  readonly link: Buffer;
  readonly newest_at_ms: string | null;
}

export async function tryGroup(
  session: LaneSession,
  group: Group,
  context: GroupContext,
  alone: boolean,
): Promise<Tried> {
  const { client, lane } = session;
  const isReset = group.works[0]?.reset === true;
  if (isReset && !alone) return { kind: "alone" };
  // The lock comes first, by itself: what is read after it is as new as whatever was committed under it.
  const lock = alone ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared";
  await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SELECT ${lock}(${STATE_LOCK.join(", ")})`);
  const { rows } = await client.query<HeadRow>({
    name: "lane-head",
    text: `SELECT s.version, l.seq, l.link, l.newest_at_ms
           FROM countinghouse.lane l, countinghouse.state s WHERE l.number = $1 FOR UPDATE OF l`,
    values: [lane],
  });
  const [row] = rows;
  if (row === undefined) throw new DefectError(`The row of lane ${lane} is missing.`);
  if (Number(row.version) !== context.state.version) context.state.adopt(await readState(client));
  const version = context.state.version;

  const keys = group.works.flatMap(({ work }) => work.keys);
  const found = new FoundRecords(await findRecords(client, keys));
  const { clock, ruleSet, state } = context;
  const nowMs = Math.max(clock.nowMs(), context.newestAtMs(), Number(row.newest_at_ms ?? Number.NEGATIVE_INFINITY));
  const positionAt = clock.positionAt.bind(clock);
  const decision = decideGroup(group.works, { nowMs, ruleSet, catalogue: state.catalogue, found, positionAt });
  const { staged } = decision;
  group.taken = decision.taken;
  if ((changesState(staged) || staged.expired !== undefined) && !alone) {
    await client.query("ROLLBACK");
    return { kind: "alone" };
  }
  refuseContradictions(keys, decision, found);

  const links = linksOf(staged, Number(row.seq), row.link);
  const committed = { decision, nowMs, version };
  let raced = false;
  await context.aroundCommit(async () => {
    if (isReset) await removeAll(client);
    if (staged.expired !== undefined) await removeExpired(client, staged.expired);
    raced = !(await insertGroup(client, lane, nowMs, decision, links));
    if (raced) {
      await client.query("ROLLBACK");
      return;
    }
    if (changesState(staged)) await writeState(client, staged);
    await commit(session, committed);
  });
  return raced ? { kind: "raced" } : { kind: "committed", committed };
}

async function commit({ client }: LaneSession, committed: Committed): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query("COMMIT"));
  } catch (error) {
    throw troubleOf(error) === "lost" ? new CommitInDoubtError(committed, error) : error;
  }
  // What a transaction that has failed answers to COMMIT.
  if (command !== "COMMIT") throw new DefectError(`A commit was answered with ${command}.`);
}

/** Whether it changes what all nodes go by. */
export function changesState({ reset, catalogue, clock }: StagedGroup): boolean {
  return reset || catalogue.length > 0 || clock !== undefined;
}

/** No decision accepts a record whose key it was told is kept. One that was kept since is a race, and no contradiction. */
function refuseContradictions(
  keys: readonly MeteringRecordKey[],
  { decided }: DecidedGroup,
  found: FoundRecords,
): void {
  const kept = new Set(keys.filter((_, i) => found.meteringRecord(i) !== undefined).map(keyText));
  if (kept.size === 0) return;
  for (const { outcome } of decided) {
    const known = outcome.records?.find(({ key }) => kept.has(keyText(key)));
    if (known !== undefined) throw new DefectError(`A second record of one key was accepted: ${keyText(known.key)}`);
  }
}

/** The links of the group's entries, in a chain that has come as far as this. */
function linksOf(
  { entries }: StagedGroup,
  newestSeq: number,
  newestLink: Buffer,
): { readonly first: number; readonly links: Buffer[] } {
  const first = newestSeq + 1;
  let link = newestLink;
  const links = entries.map(({ entry }, i) => (link = linkOf(link, first + i, entry)));
  return { first, links };
}
