/** What a ledger leaves out where there is no room for it: entries of calls that changed nothing. */
import { isShown, type Call, type LedgerEvent } from "./entry.ts";

export interface Spare {
  /** Whether nothing is kept of it. Asked whenever it is decided, which may be more than once. */
  isSpared(call: Call, event: LedgerEvent): boolean;
  /** Told of each call that was answered, whether anything was kept of it or not. */
  onAnswered(call: Call, event: LedgerEvent, spared: boolean): void;
}

/** Keeps everything. */
export const KEEP_ALL: Spare = { isSpared: () => false, onAnswered: () => undefined };

const CHANGING_NOTHING: ReadonlySet<LedgerEvent["kind"]> = new Set<LedgerEvent["kind"]>([
  "call-refused",
  "caller-identified",
  "dry-run-passed",
]);

/** Whether nothing that is decided later depends on it. */
export function changesNothing(event: LedgerEvent): boolean {
  return isShown(event) || CHANGING_NOTHING.has(event.kind);
}
