/** Who writes groups for the engine: the thread, or in tests something simpler. */
import type { DefectError } from "../../../ledger/ledger.ts";
import type { PackedGroup } from "./packed-group.ts";

export interface Writer {
  /**
   * Resolves once the group is durable; rejects with FaultError or DefectError, with nothing of it kept. One at a
   * time.
   */
  write(group: PackedGroup): Promise<void>;
  /** Commits something that leaves nothing behind, as though a group was written; never while one is. */
  probe(): Promise<void>;
  /** Tells, once, that nothing can be written any more. */
  onEnd(listener: (defect: DefectError) => void): void;
  close(): Promise<void>;
}
