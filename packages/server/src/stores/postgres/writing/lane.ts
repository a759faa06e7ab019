/**
 * One writer of a node: commits a group at a time, and does not let go of it before it knows what became of it, or until
 * its time is up. A race is decided again; a lost connection is made anew; a commit whose answer was lost is asked for.
 */
import { FaultError } from "../../../ledger/ledger.ts";
import { letGo, type Driver } from "../driver.ts";
import { errorOf, mayConnectLater, troubleOf } from "../trouble.ts";
import { CommitInDoubtError, tryGroup, type Committed, type GroupContext } from "./group-transaction.ts";
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

/** Tries of one group. Each race was lost to a commit, so there is headway; this many in a row is not by chance. */
const TRIES_MAX = 40;
const PAUSE_FIRST_MS = 5;
const PAUSE_MAX_MS = 500;

export class Lane {
  readonly #options: LaneOptions;
  #session: LaneSession | undefined;
  /** That the last group met nothing kept: whoever sends again does so for a while. */
  #expectsNew = true;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  /** Rejects with FaultError once the time is up, or DefectError. */
  async commit(group: Group, deadlineMs: number): Promise<Committed> {
    let alone = false;
    let trouble: Error | undefined;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      try {
        const session = (this.#session ??= await openLaneSession(this.#options.driver));
        const way = { alone, assumeNew: tries === 1 && this.#expectsNew };
        const tried = await tryGroup(session, group, this.#options.context, way);
        if (tried.kind === "committed") {
          this.#expectsNew = !tried.committed.metKept;
          return tried.committed;
        }
        // Nothing is in the way of trying it alone at once; of those that race, one is to get ahead.
        if (tried.kind === "raced" && tries > 1) await this.#pause(tries);
        alone ||= tried.kind === "alone";
      } catch (error) {
        if (error instanceof CommitInDoubtError) {
          const committed = await this.#resolved(error, deadlineMs);
          if (committed !== undefined) return committed;
        } else {
          await this.#recover(error);
        }
        trouble = errorOf(error, "The ledger could not be written");
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
      await probeCommit(session);
    } catch (error) {
      await this.#recover(error).catch(() => undefined);
      throw errorOf(error, "The ledger could not be written");
    }
  }

  async close(): Promise<void> {
    await this.#session?.client.end().catch(() => undefined);
    this.#session = undefined;
  }

  /** Makes the next try possible. Throws what no other try can mend. */
  async #recover(error: unknown): Promise<void> {
    const failed = errorOf(error, "The ledger could not be written");
    if (this.#session === undefined) {
      if (!mayConnectLater(error)) throw failed;
      return;
    }
    // What was thrown on this side has left the connection as it was.
    const trouble = failed === error ? "failed" : troubleOf(error);
    if (trouble === "lost") this.#drop();
    else await this.#session.client.query("ROLLBACK").catch(() => this.#drop());
    if (trouble === "failed" || trouble === "damaged") throw failed;
  }

  /** What was committed; undefined where nothing was. Throws FaultError where that cannot be known in time. */
  async #resolved({ committed }: CommitInDoubtError, deadlineMs: number): Promise<Committed | undefined> {
    const lane = this.#session?.lane ?? 0;
    const requestIds = committed.decision.staged.entries.map(({ entry }) => entry.requestId);
    this.#drop();
    for (let tries = 1; ; tries += 1) {
      try {
        const session = (this.#session ??= await openLaneSession(this.#options.driver));
        return (await wasCommitted(session.client, lane, requestIds)) ? committed : undefined;
      } catch (error) {
        this.#drop();
        if (this.#options.monotonicMs() >= deadlineMs) {
          throw new FaultError("The connection was lost, and whether the commit was made is not known.", error);
        }
        await this.#pause(tries);
      }
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
