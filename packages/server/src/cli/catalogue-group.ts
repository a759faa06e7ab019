/** The commands that accounts, products and agreements share: list, show, change, and adding documents. */
import type { Command } from "commander";
import { OperatorProblemError } from "../operator/client/errors.ts";
import type { FirstItems, OperatorClient } from "../operator/client/operator-client.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import type { FileDocument } from "./document-file.ts";
import { describe, print, printTable, type Columns } from "./output.ts";

/** A kind of catalogue object, as the command line shows it. */
export interface CatalogueKind<Shown extends object, Document extends object> {
  readonly noun: "account" | "agreement" | "product";
  readonly description: string;
  readonly idOf: (shown: Shown) => string;
  readonly columns: Columns<Shown>;
  /** What `show` prints for people, where that differs from the server's answer. */
  readonly forPeople?: (shown: Shown) => object;
  readonly list: (client: OperatorClient, max: number) => Promise<FirstItems<Shown>>;
  readonly show: (client: OperatorClient, id: string) => Promise<Shown>;
  readonly add: (client: OperatorClient, document: Document) => Promise<Shown>;
  readonly change: (client: OperatorClient, id: string, members: object) => Promise<Shown>;
}

export interface AddFlags extends ConnectionFlags {
  readonly file?: string;
}

export const FILE_FLAG = "--file <file>";
export const FILE_DESCRIPTION = "YAML or JSON: one document, or a list of them; - reads standard input";
const CHANGE_DESCRIPTION = "YAML or JSON: the members to change; null takes one away; - reads standard input";

/** More than a catalogue holds. */
const LISTED_MAX = 1_000_000;

/** Adds the group with `list`, `show` and `change`; answers the group, so that more commands can be added. */
export function addCatalogueGroup<Shown extends object, Document extends object>(
  program: Command,
  kind: CatalogueKind<Shown, Document>,
): Command {
  const { noun } = kind;
  const group = program.command(noun).description(kind.description);
  withConnection(group.command("list").description(`List the ${noun}s`)).action(async (flags: ConnectionFlags) => {
    const { items } = await kind.list(connect(flags), LISTED_MAX);
    printTable(flags, items, kind.columns);
  });
  withConnection(group.command("show <id>").description(`Show one ${noun}`)).action(
    async (id: string, flags: ConnectionFlags) => {
      const shown = await kind.show(connect(flags), id);
      print(flags, shown, describe(kind.forPeople?.(shown) ?? shown));
    },
  );
  withConnection(
    group
      .command("change <id>")
      .description(`Change members of one ${noun}; the others stay as they are`)
      .requiredOption(FILE_FLAG, CHANGE_DESCRIPTION),
  ).action((id: string, flags: ConnectionFlags & { readonly file: string }) => changeFromFile(kind, id, flags));
  return group;
}

async function changeFromFile<Shown extends object, Document extends object>(
  kind: CatalogueKind<Shown, Document>,
  id: string,
  flags: ConnectionFlags & { readonly file: string },
): Promise<void> {
  const client = connect(flags);
  const { documents, isList } = await documentsIn(flags.file);
  const [document] = documents;
  if (document === undefined || isList || typeof document.value !== "object" || document.value === null) {
    throw new CommandError(`${kind.noun} change needs one document with the members to change.`, EXIT.usage);
  }
  const members = document.value;
  const shown = await placing(document, [], () => kind.change(client, id, members));
  print(flags, shown, `Changed ${kind.noun} ${kind.idOf(shown)}.`);
}

/** Adds the documents of a file one by one, up to the first that is refused. */
export async function addFromFile<Shown extends object, Document extends object>(
  kind: CatalogueKind<Shown, Document>,
  file: string,
  flags: ConnectionFlags,
): Promise<void> {
  const client = connect(flags);
  const { documents, isList } = await documentsIn(file);
  const added: Shown[] = [];
  for (const document of documents) {
    const progress = `${added.length} of ${documents.length} ${kind.noun}s had been added.`;
    // The server checks whether the value is such a document.
    const add = (): Promise<Shown> => kind.add(client, document.value as Document);
    added.push(await placing(document, documents.length === 1 ? [] : [progress], add));
  }
  print(flags, isList ? added : added[0], added.map((shown) => addedText(kind, shown)).join("\n"));
}

/** Adds one document that flags gave. */
export async function addOne<Shown extends object, Document extends object>(
  kind: CatalogueKind<Shown, Document>,
  client: OperatorClient,
  document: Document,
  flags: ConnectionFlags,
): Promise<void> {
  const shown = await kind.add(client, document);
  print(flags, shown, addedText(kind, shown));
}

/** Loaded only here, because the parser would slow down every other command. */
async function documentsIn(file: string): ReturnType<typeof import("./document-file.ts").readDocuments> {
  const { readDocuments } = await import("./document-file.ts");
  return readDocuments(file);
}

/** Adds the place in the file to the server's complaints. */
async function placing<T>({ placed }: FileDocument, progress: readonly string[], call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof OperatorProblemError)) throw error;
    const lines = error.errors.length === 0 ? [placed(error.message)] : error.errors.map(placed);
    throw new CommandError([...lines, ...progress].join("\n"), EXIT.refused);
  }
}

function addedText<Shown extends object>(kind: CatalogueKind<Shown, never>, shown: Shown): string {
  return `Added ${kind.noun} ${kind.idOf(shown)}.`;
}
