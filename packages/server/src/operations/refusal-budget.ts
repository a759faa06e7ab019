/**
 * Bounds how much is kept of calls that change nothing. In each minute, a bounded number of bytes is kept of an account's
 * refused calls; further calls are only counted, like refusals of strangers. Where the disk has room for usage only, all such
 * calls are only counted.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { changesNothing, type Spare } from "../ledger/spare.ts";

/** How many bytes of refused requests are kept for each account in a minute of the wall clock. */
export const REFUSED_BYTES_A_MINUTE = 1_048_576;
/** The size of an entry without the request. */
const ENTRY_BYTES = 1_000;
const MINUTE_MS = 60_000;

interface RefusalBudgetOptions {
  readonly wallMs: () => EpochMs;
  /** Whether the disk has room for usage only. */
  readonly isShort: () => boolean;
  /** Called for each call of which nothing was kept. */
  readonly onSpared: (operation: string, code: string) => void;
}

export class RefusalBudget implements Spare {
  readonly #options: RefusalBudgetOptions;
  #minute = Number.NEGATIVE_INFINITY;
  /** Bytes that were kept in this minute, by account. */
  #taken = new Map<string, number>();

  constructor(options: RefusalBudgetOptions) {
    this.#options = options;
  }

  /** The operator's calls, and what a server does by itself, are always kept. */
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
      // `#takenBy` may have begun a new minute, with a new map.
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
