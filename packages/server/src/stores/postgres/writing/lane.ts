/**
 * One writer of a node. It commits one group at a time, and keeps it until the outcome is known or the time is up. A group that
 * lost a race is decided again; a lost connection is replaced; of a commit whose answer was lost, the database is asked.
 */
import { FaultError } from "../../../ledger/ledger.ts";
import { letGo, type Driver } from "../driver.ts";
import { UnansweredError, errorOf, isGivenUp, mayConnectLater, troubleOf } from "../trouble.ts";
import { CommitInDoubtError, tryGroup, type Committed, type GroupContext, type Tried } from "./group-transaction.ts";
import { openLaneSession, probeCommit, wasCommitted, type LaneSession } from "./lane-session.ts";
import type { Group } from "./waiting-work.ts";

interface LaneOptions {
  readonly driver: Driver;
  readonly context: GroupContext;
  /** A clock for durations. */
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  readonly fraction: () => number;
}

const WRITING = "The ledger could not be written";
/** How often one group is tried. Each lost race means that another group was committed, so this many in a row are no chance. */
const TRIES_MAX = 40;
const PAUSE_FIRST_MS = 5;
const PAUSE_MAX_MS = 500;

export class Lane {
  readonly #options: LaneOptions;
  #session: LaneSession | undefined;
  /** Whether the last group met no kept record. A caller that sends usage again usually does so for a while. */
  #expectsNew = true;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  /** Rejects with FaultError when the time is up, or with DefectError. */
  async commit(group: Group, deadlineMs: number): Promise<Committed> {
    let alone = false;
    let trouble: Error | undefined;
    let refused: Refused | undefined;
    let wasUnanswered = false;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      try {
        const session = (this.#session ??= await openLaneSession(this.#options.driver));
        const way = { alone, assumeNew: tries === 1 && this.#expectsNew };
        const tried = await tryGroup(session, group, this.#options.context, way);
        if (tried.kind === "committed") {
          this.#expectsNew = !tried.committed.metKept;
          return tried.committed;
        }
        if (tried.kind === "refused") refused = notForItself(tried, refused);
        // The second try waits for nothing. After more lost races, random pauses let one of the racing groups get ahead.
        else if (tried.kind === "raced" && tries > 1) await this.#pause(tries);
        alone ||= tried.kind === "alone";
      } catch (error) {
        if (error instanceof CommitInDoubtError) {
          const committed = await this.#resolved(error, deadlineMs);
          if (committed !== undefined) return committed;
          // The coordinator has answered by now, so the machine behind it must have kept the commit waiting.
          trouble = this.#options.context.isSpread ? new UnansweredError(error) : errorOf(error, WRITING);
        } else {
          // The coordinator notices a broken connection to a machine only when it uses it, so the first such error is tried
          // again.
          await this.#recover(error, !wasUnanswered);
          wasUnanswered ||= troubleOf(error) === "unanswered";
          trouble = errorOf(error, WRITING);
        }
        await this.#pause(tries);
      }
      if (this.#options.monotonicMs() >= deadlineMs) break;
    }
    throw trouble ?? new FaultError("Others were first with the same keys, again and again.", undefined);
  }

  /** Makes a commit that leaves nothing behind, or rejects with the reason why none can be made. */
  async probe(): Promise<void> {
    try {
      const session = (this.#session ??= await openLaneSession(this.#options.driver));
      await probeCommit(session, this.#options.context.isSpread);
    } catch (error) {
      await this.#recover(error).catch(() => undefined);
      throw errorOf(error, WRITING);
    }
  }

  async close(): Promise<void> {
    await this.#session?.client.end().catch(() => undefined);
    this.#session = undefined;
  }

  /** Makes the next try possible. Throws where another try cannot help. */
  async #recover(error: unknown, mayBeStale = false): Promise<void> {
    const failed = errorOf(error, WRITING);
    if (this.#session === undefined) {
      if (!mayConnectLater(error)) throw failed;
      return;
    }
    // An error of the node's own code has not harmed the connection.
    const trouble = failed === error ? "failed" : troubleOf(error);
    // A connection that waits for a silent machine may go on waiting for it.
    const isStuck = this.#options.context.isSpread && isGivenUp(error);
    if (trouble === "lost" || isStuck) this.#drop();
    else await this.#session.client.query("ROLLBACK").catch(() => this.#drop());
    if (isStuck || (trouble === "unanswered" && !mayBeStale)) throw new UnansweredError(error);
    if (trouble === "failed" || trouble === "damaged") throw failed;
  }

  /** What was committed; undefined where nothing was. Throws FaultError where that cannot be learnt in time. */
  async #resolved({ committed, head }: CommitInDoubtError, deadlineMs: number): Promise<Committed | undefined> {
    const lane = this.#session?.lane ?? 0;
    let trouble: unknown;
    this.#drop();
    for (let tries = 1; ; tries += 1) {
      try {
        const session = (this.#session ??= await openLaneSession(this.#options.driver));
        const made = await wasCommitted(session.client, lane, head);
        if (made !== undefined) return made ? committed : undefined;
      } catch (error) {
        trouble = error;
        this.#drop();
      }
      if (this.#options.monotonicMs() >= deadlineMs) {
        if (this.#options.context.isSpread) throw new UnansweredError(trouble);
        throw new FaultError("The connection was lost, and whether the commit was made is not known.", trouble);
      }
      await this.#pause(tries);
    }
  }

  #drop(): void {
    if (this.#session !== undefined) letGo(this.#session.client);
    this.#session = undefined;
  }

  #pause(tries: number): Promise<void> {
    const ceilingMs = Math.min(PAUSE_FIRST_MS * 2 ** tries, PAUSE_MAX_MS);
    return this.#options.sleep(ceilingMs * (0.5 + this.#options.fraction() / 2));
  }
}

type Refused = Extract<Tried, { readonly kind: "refused" }>;

/** Throws where no more records are found under the keys than at the last refusal: then no other group was the cause. */
function notForItself(now: Refused, before: Refused | undefined): Refused {
  if (before === undefined || now.kept > before.kept) return now;
  throw errorOf(now.reason, WRITING);
}
