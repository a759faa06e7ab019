/** `countinghouse server`: the server itself. `countinghouse search`: everything whose name holds a text. */
import type { Command } from "commander";
import type { Found } from "../operator/contract/server.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print, printTable, type Columns } from "./output.ts";

export function addServer(program: Command): void {
  const group = program.command("server").description("The server that answers");
  withConnection(
    group.command("info").description("The server: version, rule set, clock, store, and its present state"),
  ).action(async (flags: ConnectionFlags) => {
    const server = await connect(flags).call("GET /server");
    const { clock, store, you, rawRequests, ...rest } = server;
    const flat = { ...rest, clock: clock.mode, now: clock.now, store: store.kind, you: you.principal, role: you.role };
    print(flags, server, describe(rawRequests === undefined ? flat : { ...flat, rawRequests: rawRequests.held }));
  });
}

const COLUMNS: Columns<Found> = {
  kind: ({ kind }) => kind,
  id: ({ id }) => id,
  title: ({ title }) => title,
  productCode: ({ productCode }) => productCode,
  accountId: ({ accountId }) => accountId,
};

export function addSearch(program: Command): void {
  withConnection(
    program
      .command("search <text>")
      .description(
        "Find requests, records and resources by their ids, and what the catalogue has by how its name begins",
      ),
  ).action(async (text: string, flags: ConnectionFlags) => {
    const { items, more } = await connect(flags).call("GET /search", { query: { q: text } });
    printTable(flags, items, COLUMNS);
    if (more) process.stderr.write(`There are more than these ${items.length}: search for more letters.\n`);
  });
}
