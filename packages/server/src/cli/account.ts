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
import { CommandError, EXIT, OperatorClient, withConnection } from "./operator-client.ts";

interface Account {
  readonly id: string;
  readonly title?: string;
  readonly users: readonly { readonly name: string; readonly accessKeyIds: readonly string[] }[];
}

interface AddAccountFlags extends AddFlags {
  readonly id?: string;
  readonly title?: string;
  readonly user?: string;
}

const ACCOUNT: CatalogueKind<Account> = {
  noun: "account",
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
    const document = { id, title, users: user === undefined ? [] : [{ name: user }] };
    return addOne(ACCOUNT, new OperatorClient(flags), document, flags);
  });
}
