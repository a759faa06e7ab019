/** What a ledger does not keep where there is no room for it: entries of calls that changed nothing. */
import { isShown, type Call, type LedgerEvent } from "./entry.ts";

export interface Spare {
  /** Whether no entry of this call is kept. Called for each decision of a work, which may be more than once. */
  isSpared(call: Call, event: LedgerEvent): boolean;
  /** Called for each answered call, whether an entry was kept or not. */
  onAnswered(call: Call, event: LedgerEvent, spared: boolean): void;
}

/** Keeps everything. */
export const KEEP_ALL: Spare = { isSpared: () => false, onAnswered: () => undefined };

const CHANGING_NOTHING: ReadonlySet<LedgerEvent["kind"]> = new Set<LedgerEvent["kind"]>([
  "call-refused",
  "caller-identified",
  "dry-run-passed",
]);

/** Whether no later decision depends on this event. */
export function changesNothing(event: LedgerEvent): boolean {
  return isShown(event) || CHANGING_NOTHING.has(event.kind);
}
