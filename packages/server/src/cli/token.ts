/** `countinghouse token`: registration tokens, as buyers' browsers bring them. */
import type { Command } from "commander";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print } from "./output.ts";

export function addToken(program: Command): void {
  const group = program.command("token").description("Registration tokens, for ResolveCustomer");
  withConnection(
    group
      .command("create <agreement-id>")
      .description("Make a registration token for an agreement and print it, and nothing else"),
  ).action(async (agreementId: string, flags: ConnectionFlags) => {
    const token = await connect(flags).call("POST /registration-tokens", { body: { agreementId } });
    print(flags, token, token.registrationToken);
  });
  withConnection(
    group
      .command("inspect <registration-token>")
      .description("In a lab, say what a registration token says: agreement, product, customer, and until when"),
  ).action(async (registrationToken: string, flags: ConnectionFlags) => {
    const found = await connect(flags).call("POST /registration-tokens/inspect", { body: { registrationToken } });
    const { why, ...members } = found;
    print(flags, found, `${why}\n\n${describe(members)}`);
  });
}
