/** `countinghouse access-key`: the keys with which callers sign their requests. */
import type { Command } from "commander";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print } from "./output.ts";

export function addAccessKey(program: Command): void {
  const group = program.command("access-key").description("Access keys, with which an account's users sign requests");
  const create = group
    .command("create <account-id>")
    .description("Make an access key; its secret is shown this once")
    .option("--user <name>", "user of the account (default: its first)");
  withConnection(create).action(async (id: string, flags: ConnectionFlags & { readonly user?: string }) => {
    const key = await connect(flags).call("POST /accounts/{id}/access-keys", {
      params: { id },
      body: { userName: flags.user },
    });
    print(flags, key, `${describe(key)}\n\nThe secret is not shown again.`);
  });
  withConnection(
    group.command("delete <account-id> <key-id>").description("Take an access key away; requests with it are refused"),
  ).action(async (accountId: string, accessKeyId: string, flags: ConnectionFlags) => {
    const params = { id: accountId, keyId: accessKeyId };
    await connect(flags).call("DELETE /accounts/{id}/access-keys/{keyId}", { params });
    print(flags, { accountId, accessKeyId, deleted: true }, `Access key ${accessKeyId} is gone.`);
  });
}
