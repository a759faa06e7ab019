/** `countinghouse issuer`: the trusted issuers of web identity tokens. */
import type { Command } from "commander";
import type { Issuer } from "../operator/contract/catalogue/issuer.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { printTable, type Columns } from "./output.ts";

const COLUMNS: Columns<Issuer> = {
  issuer: ({ issuer }) => issuer,
  keys: ({ jwksFile, jwksUrl }) => jwksFile ?? jwksUrl,
  region: ({ region }) => region,
};

/** More than a catalogue file names. */
const LISTED_MAX = 10_000;

export function addIssuer(program: Command): void {
  const group = program
    .command("issuer")
    .description("Issuers of web identity tokens: they come from the catalogue file, and are only shown here");
  withConnection(group.command("list").description("List the issuers")).action(async (flags: ConnectionFlags) => {
    const { items } = await connect(flags).first("GET /issuers", LISTED_MAX);
    printTable(flags, items, COLUMNS);
  });
}
