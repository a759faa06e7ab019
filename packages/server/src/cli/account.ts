/** `countinghouse account`: sellers and buyers. */
import { Option, type Command } from "commander";
import {
  addCatalogueGroup,
  addFromFile,
  addOne,
  FILE_DESCRIPTION,
  FILE_FLAG,
  type AddFlags,
  type CatalogueKind,
} from "./catalogue-group.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { Account } from "../operator/contract/catalogue/account.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print } from "./output.ts";
import { timeArgument } from "./arguments.ts";

interface AddAccountFlags extends AddFlags {
  readonly id?: string;
  readonly title?: string;
  readonly user?: string;
}

type Document = RequestTo<"POST /accounts">["body"];

const ACCOUNT: CatalogueKind<Account, Document> = {
  noun: "account",
  list: (client, max) => client.first("GET /accounts", max),
  show: (client, id) => client.call("GET /accounts/{id}", { params: { id } }),
  add: (client, body) => client.call("POST /accounts", { body }),
  change: (client, id, members) => client.call("PATCH /accounts/{id}", { params: { id }, body: { ...members } }),
  description: "Accounts of sellers and buyers, and their users",
  idOf: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    title: ({ title }) => title,
    users: ({ users }) => users.map(({ name }) => name),
    accessKeyIds: ({ users }) => users.flatMap(({ accessKeyIds }) => accessKeyIds),
  },
};

export function addAccount(program: Command): void {
  const group = addCatalogueGroup(program, ACCOUNT);
  const add = group
    .command("add")
    .description("Add an account by flags, or accounts from a file, written as in a catalogue file")
    .addOption(new Option(FILE_FLAG, FILE_DESCRIPTION).conflicts(["id", "title", "user"]))
    .option("--id <id>", "its twelve digits")
    .option("--title <title>", "what people call it")
    .option("--user <name>", "a user for whom access keys can be made");
  withConnection(add).action(async (flags: AddAccountFlags) => {
    const { file, id, title, user } = flags;
    if (file !== undefined) return addFromFile(ACCOUNT, file, flags);
    if (id === undefined) throw new CommandError("account add needs --id, or --file.", EXIT.usage);
    const document: Document = { id, title, users: user === undefined ? [] : [{ name: user }] };
    return addOne(ACCOUNT, connect(flags), document, flags);
  });
  addSimulate(group);
}

interface SimulateFlags extends ConnectionFlags {
  readonly region?: string;
  readonly from?: string;
  readonly secure?: boolean;
  readonly at?: string;
}

function addSimulate(group: Command): void {
  const simulate = group
    .command("simulate <principal-arn> <action>")
    .description("Say whether a user or a role may do something, and which statement of its policy says so")
    .option("--region <region>", "that is called")
    .option("--from <address>", "where the request comes from")
    .option("--secure", "as if it came over TLS")
    .option("--at <time>", "as if it were this time", timeArgument);
  withConnection(simulate).action(async (principal: string, action: string, flags: SimulateFlags) => {
    const { region, from, secure, at } = flags;
    const body = { principal, action, region, sourceAddress: from, secure, at };
    const found = await connect(flags).call("POST /policy-simulations", { body });
    print(flags, found, `${found.verdict}: ${found.why}`);
  });
}
