/** `countinghouse token`: registration tokens, as a buyer's browser would bring them. */
import type { Command } from "commander";
import { OperatorClient, withConnection, type ConnectionFlags } from "./operator-client.ts";
import { print } from "./output.ts";

export function addToken(program: Command): void {
  const group = program.command("token").description("Registration tokens, for ResolveCustomer");
  withConnection(
    group
      .command("create <agreement-id>")
      .description("Make a registration token for an agreement and print it, and nothing else"),
  ).action(async (agreementId: string, flags: ConnectionFlags) => {
    const client = new OperatorClient(flags);
    const token = await client.call<{ registrationToken: string }>("POST", "/registration-tokens", { agreementId });
    print(flags, token, token.registrationToken);
  });
}
