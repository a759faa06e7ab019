/** Writes groups for the engine: the writer thread, or something simpler in tests. */
import type { DefectError } from "../../../ledger/ledger.ts";
import type { PackedGroup } from "./packed-group.ts";

export interface Writer {
  /**
   * Resolves when the group is durable; rejects with FaultError or DefectError, and then nothing of it was kept. One at a time.
   */
  write(group: PackedGroup): Promise<void>;
  /** Commits something that leaves nothing behind, as if it were a group; never while a group is being written. */
  probe(): Promise<void>;
  /** Calls the listener, once, when nothing can be written any more. */
  onEnd(listener: (defect: DefectError) => void): void;
  close(): Promise<void>;
}
