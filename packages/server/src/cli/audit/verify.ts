/** `countinghouse audit verify`: whether the trail is as it was written. */
import type { Command } from "commander";
import { CommandError, EXIT, OperatorClient, withConnection, type ConnectionFlags } from "../operator-client.ts";
import { describe, print } from "../output.ts";

interface Verification {
  readonly intact: boolean;
  readonly entries: number;
  readonly heads: readonly { readonly lane: string; readonly seq: number; readonly link: string }[];
  readonly checkpoints: {
    readonly count: number;
    readonly newestAt?: string;
    readonly file: string;
    readonly keyFingerprint: string;
  };
  readonly disagreement?: string;
}

export function addVerify(group: Command): void {
  withConnection(
    group
      .command("verify")
      .description("Recompute the chain of all entries and hold it against the signed checkpoints; the server goes on"),
  ).action(async (flags: ConnectionFlags) => {
    const found = await new OperatorClient(flags).call<Verification>("GET", "/audit-verification");
    if (found.intact || flags.json === true) print(flags, found, `${described(found)}\n\nThe audit trail is intact.`);
    if (!found.intact) throw new CommandError(`The audit trail is not intact. ${found.disagreement}`, EXIT.refused);
  });
}

function described({ entries, heads, checkpoints }: Verification): string {
  return describe({
    entries,
    newestLinks: heads,
    checkpoints: checkpoints.count,
    newestCheckpoint: checkpoints.newestAt,
    checkpointFile: checkpoints.file,
    signedBy: checkpoints.keyFingerprint,
  });
}
