/** `countinghouse audit verify`: whether the trail is as it was written. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { AuditVerification } from "../../operator/contract/ledger/audit.ts";
import type { AuditVerificationJob } from "../../operator/contract/ledger/verifications.ts";
import { longWork } from "../long-work.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "../connection.ts";
import { describe, print } from "../output.ts";

const LOOK_FIRST_MS = 20;
const LOOK_MS_MAX = 500;

export function addVerify(group: Command): void {
  withConnection(
    group
      .command("verify")
      .description("Recompute the chain of all entries and hold it against the signed checkpoints; the server goes on"),
  ).action(async (flags: ConnectionFlags) => {
    const { result: found, problem } = await verified(flags);
    if (found === undefined) throw new CommandError(`The trail could not be verified. ${problem}`, EXIT.refused);
    if (found.intact || flags.json === true) print(flags, found, `${described(found)}\n\nThe audit trail is intact.`);
    if (!found.intact) throw new CommandError(`The audit trail is not intact. ${found.disagreement}`, EXIT.refused);
  });
}

/** Begins a verification, or joins the one that is under way, and waits for its end. */
async function verified(flags: ConnectionFlags): Promise<AuditVerificationJob> {
  const client = connect(flags);
  return longWork(
    flags,
    () => "The server goes on with the verification.",
    async ({ onProgress, signal }) => {
      let job = await client.call("POST /audit-verifications", { signal });
      for (let waitMs = LOOK_FIRST_MS; job.state === "running"; waitMs = Math.min(LOOK_MS_MAX, waitMs * 2)) {
        onProgress({ doing: "reading entries", done: job.entriesRead, of: job.entriesTotal, unit: "entries" });
        await sleep(waitMs, undefined, { signal });
        job = await client.call("GET /audit-verifications/{id}", { params: { id: job.id }, signal });
      }
      return job;
    },
  );
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
