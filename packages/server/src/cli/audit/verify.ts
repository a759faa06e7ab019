/** `countinghouse audit verify`: whether the trail is as it was written. */
import type { Command } from "commander";
import type { AuditVerification } from "../../operator/contract/ledger/audit.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "../connection.ts";
import { describe, print } from "../output.ts";

export function addVerify(group: Command): void {
  withConnection(
    group
      .command("verify")
      .description("Recompute the chain of all entries and hold it against the signed checkpoints; the server goes on"),
  ).action(async (flags: ConnectionFlags) => {
    const found = await connect(flags).call("GET /audit-verification");
    if (found.intact || flags.json === true) print(flags, found, `${described(found)}\n\nThe audit trail is intact.`);
    if (!found.intact) throw new CommandError(`The audit trail is not intact. ${found.disagreement}`, EXIT.refused);
  });
}

function described({ entries, heads, checkpoints }: AuditVerification): string {
  return describe({
    entries,
    newestLinks: heads,
    checkpoints: checkpoints.count,
    newestCheckpoint: checkpoints.newestAt,
    checkpointFile: checkpoints.file,
    signedBy: checkpoints.keyFingerprint,
  });
}
