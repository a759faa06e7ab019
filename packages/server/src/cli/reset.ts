/** `countinghouse reset`: empties the ledger, in a lab. */
import type { Command } from "commander";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print } from "./output.ts";

export function addReset(program: Command): void {
  const reset = program
    .command("reset")
    .description("Empty the ledger and put the catalogue back (lab only)")
    .option("--yes", "do it; without this, only say what would be done");
  withConnection(reset).action(async (flags: ConnectionFlags & { readonly yes?: boolean }) => {
    const client = connect(flags);
    if (flags.yes !== true) {
      throw new CommandError(
        `This would remove every metering record and ledger entry of the server at ${client.url}, with all accounts, ` +
          "products, agreements and access keys that were not in the catalogue it was started with. " +
          "There is no way back. Nothing was done: add --yes to do it.",
        EXIT.usage,
      );
    }
    await client.call("POST /reset");
    print(flags, { reset: true }, "The ledger is empty; the catalogue is as the server was started with.");
  });
}
