/**
 * How much is kept of what changes nothing. An account may be refused as often as it likes: so much of it is kept in a minute,
 * and the rest is counted, as the refusals of strangers are. Where the disk has no room left but for usage, all of it is.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { changesNothing, type Spare } from "../ledger/spare.ts";

/** Of refused requests, in a minute of the wall clock, for each account. */
export const REFUSED_BYTES_A_MINUTE = 1_048_576;
/** What an entry takes besides what was asked for. */
const ENTRY_BYTES = 1_000;
const MINUTE_MS = 60_000;

interface RefusalBudgetOptions {
  readonly wallMs: () => EpochMs;
  /** Whether there is room for usage only. */
  readonly isShort: () => boolean;
  /** Told of each call that nothing was kept of. */
  readonly onSpared: (operation: string, code: string) => void;
}

export class RefusalBudget implements Spare {
  readonly #options: RefusalBudgetOptions;
  #minute = Number.NEGATIVE_INFINITY;
  /** Taken in this minute, by account. */
  #taken = new Map<string, number>();

  constructor(options: RefusalBudgetOptions) {
    this.#options = options;
  }

  /** What the operator does, or tries, is always kept, and so is what a server does of itself. */
  isSpared({ accountId }: Call, event: LedgerEvent): boolean {
    if (accountId === undefined || !changesNothing(event)) return false;
    return (
      this.#options.isShort() || (event.kind === "call-refused" && this.#takenBy(accountId) >= REFUSED_BYTES_A_MINUTE)
    );
  }

  onAnswered({ accountId, operation }: Call, event: LedgerEvent, spared: boolean): void {
    if (spared) {
      this.#options.onSpared(operation, event.kind === "call-refused" ? event.code : "ok");
    } else if (event.kind === "call-refused" && accountId !== undefined) {
      // A minute that begins here has a map of its own.
      const before = this.#takenBy(accountId);
      this.#taken.set(accountId, before + ENTRY_BYTES + JSON.stringify(event).length);
    }
  }

  #takenBy(accountId: string): number {
    const minute = Math.floor(this.#options.wallMs() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#taken = new Map();
    }
    return this.#taken.get(accountId) ?? 0;
  }
}
