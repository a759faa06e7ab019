/** What the commands for accounts, products and agreements have in common: list, show, and adding documents. */
import type { Command } from "commander";
import type { FileDocument } from "./document-file.ts";
import { CommandError, OperatorClient, RefusedError, withConnection, type ConnectionFlags } from "./operator-client.ts";
import { describe, print, table, type Columns } from "./output.ts";

/** A kind of catalogue object, as the command line shows it. */
export interface CatalogueKind<Shown extends object> {
  readonly noun: "account" | "agreement" | "product";
  readonly description: string;
  readonly idOf: (shown: Shown) => string;
  readonly columns: Columns<Shown>;
  /** What `show` prints for a person, where that is not what the server answers. */
  readonly forPeople?: (shown: Shown) => object;
}

export interface AddFlags extends ConnectionFlags {
  readonly file?: string;
}

export const FILE_FLAG = "--file <file>";
export const FILE_DESCRIPTION = "YAML or JSON: one document, or a list of them; - reads standard input";

/** More than a catalogue holds. */
const LISTED_MAX = 1_000_000;

/** Adds the group with `list` and `show`; answers it, for what else there is. */
export function addCatalogueGroup<Shown extends object>(program: Command, kind: CatalogueKind<Shown>): Command {
  const { noun } = kind;
  const group = program.command(noun).description(kind.description);
  withConnection(group.command("list").description(`List the ${noun}s`)).action(async (flags: ConnectionFlags) => {
    const { items } = await new OperatorClient(flags).list<Shown>(`/${noun}s`, LISTED_MAX);
    print(flags, items, table(kind.columns, items));
  });
  withConnection(group.command("show <id>").description(`Show one ${noun}`)).action(
    async (id: string, flags: ConnectionFlags) => {
      const shown = await new OperatorClient(flags).call<Shown>("GET", `/${noun}s/${encodeURIComponent(id)}`);
      print(flags, shown, describe(kind.forPeople?.(shown) ?? shown));
    },
  );
  return group;
}

/** Adds what a file holds, document by document, up to the first that is refused. */
export async function addFromFile<Shown extends object>(
  kind: CatalogueKind<Shown>,
  file: string,
  flags: ConnectionFlags,
): Promise<void> {
  const client = new OperatorClient(flags);
  // Loaded here: the parser would slow down every other command.
  const { readDocuments } = await import("./document-file.ts");
  const { documents, isList } = await readDocuments(file);
  const added: Shown[] = [];
  for (const document of documents) {
    try {
      added.push(await client.call<Shown>("POST", `/${kind.noun}s`, document.value));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const progress = `${added.length} of ${documents.length} ${kind.noun}s had been added.`;
      throw refusedDocument(error, document, documents.length === 1 ? [] : [progress]);
    }
  }
  print(flags, isList ? added : added[0], added.map((shown) => addedText(kind, shown)).join("\n"));
}

/** Adds one document that was given by flags. */
export async function addOne<Shown extends object>(
  kind: CatalogueKind<Shown>,
  client: OperatorClient,
  document: object,
  flags: ConnectionFlags,
): Promise<void> {
  const shown = await client.call<Shown>("POST", `/${kind.noun}s`, document);
  print(flags, shown, addedText(kind, shown));
}

function refusedDocument(
  { message, complaints, exitCode }: RefusedError,
  { placed }: FileDocument,
  progress: readonly string[],
): CommandError {
  const lines = complaints.length === 0 ? [placed(message)] : complaints.map(placed);
  return new CommandError([...lines, ...progress].join("\n"), exitCode);
}

function addedText<Shown extends object>(kind: CatalogueKind<Shown>, shown: Shown): string {
  return `Added ${kind.noun} ${kind.idOf(shown)}.`;
}
