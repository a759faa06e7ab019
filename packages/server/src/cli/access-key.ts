/** `countinghouse access-key`: what callers sign their requests with. */
import type { Command } from "commander";
import { OperatorClient, withConnection, type ConnectionFlags } from "./operator-client.ts";
import { describe, print } from "./output.ts";

interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly userName: string;
}

export function addAccessKey(program: Command): void {
  const group = program.command("access-key").description("Access keys, with which an account's users sign requests");
  const create = group
    .command("create <account-id>")
    .description("Make an access key; its secret is shown this once")
    .option("--user <name>", "user of the account (default: its first)");
  withConnection(create).action(async (accountId: string, flags: ConnectionFlags & { readonly user?: string }) => {
    const key = await new OperatorClient(flags).call<AccessKey>("POST", keysOf(accountId), { userName: flags.user });
    print(flags, key, `${describe(key)}\n\nThe secret is not shown again.`);
  });
  withConnection(
    group.command("delete <account-id> <key-id>").description("Take an access key away; requests with it are refused"),
  ).action(async (accountId: string, accessKeyId: string, flags: ConnectionFlags) => {
    await new OperatorClient(flags).call("DELETE", `${keysOf(accountId)}/${encodeURIComponent(accessKeyId)}`);
    print(flags, { accountId, accessKeyId, deleted: true }, `Access key ${accessKeyId} is gone.`);
  });
}

function keysOf(accountId: string): string {
  return `/accounts/${encodeURIComponent(accountId)}/access-keys`;
}
