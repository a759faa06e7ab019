/** `countinghouse registration-key`: the keys that sign RegisterUsage answers, for sellers to verify them. */
import { createPublicKey } from "node:crypto";
import { Option, type Command } from "commander";
import type { RegistrationKey } from "../operator/contract/catalogue/registration-key.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print, table } from "./output.ts";

const KEYS_MAX = 10_000;

export function addRegistrationKey(program: Command): void {
  const group = program
    .command("registration-key")
    .description(
      "Keys that RegisterUsage answers are signed with; sellers build the public ones into their containers",
    );
  withConnection(group.command("list").description("List the key versions, oldest first")).action(
    async (flags: ConnectionFlags) => {
      const keys = await allKeys(flags);
      print(flags, keys, versions(keys));
    },
  );
  withConnection(
    group
      .command("rotate")
      .description("Make a new key version; containers that ask for the one before are served as they were"),
  ).action(async (flags: ConnectionFlags) => {
    const key = await connect(flags).call("POST /registration-keys");
    print(flags, key, `${versions([key])}\n\n${key.publicKey.trimEnd()}`);
  });
  const show = group
    .command("show <version>")
    .description("Print the public key of a version, and nothing else")
    .addOption(new Option("--format <format>", "how it is written").choices(["pem", "jwk"]).default("pem"));
  withConnection(show).action(async (version: string, flags: ConnectionFlags & { readonly format: "pem" | "jwk" }) => {
    const key = (await allKeys(flags)).find((candidate) => String(candidate.version) === version);
    if (key === undefined) throw new CommandError(`There is no registration key ${version}.`, EXIT.refused);
    print(flags, key, flags.format === "pem" ? key.publicKey.trimEnd() : jwkText(key));
  });
}

async function allKeys(flags: ConnectionFlags): Promise<readonly RegistrationKey[]> {
  return (await connect(flags).first("GET /registration-keys", KEYS_MAX)).items;
}

function versions(keys: readonly RegistrationKey[]): string {
  return table<RegistrationKey>(
    {
      version: ({ version }) => version,
      createdAt: ({ createdAt }) => createdAt,
      expiredAt: ({ expiredAt }) => expiredAt,
    },
    keys,
  );
}

function jwkText({ version, publicKey }: RegistrationKey): string {
  const { kty, n, e } = createPublicKey(publicKey).export({ format: "jwk" });
  return JSON.stringify({ kty, kid: String(version), use: "sig", alg: "PS256", n, e }, undefined, 2);
}
