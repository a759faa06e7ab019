/** Reads documents from a file or standard input, in YAML or JSON, and finds the places that the server complains about. */
import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { CatalogueFileError } from "../catalogue/catalogue-file.ts";
import { readYaml } from "../catalogue/yaml.ts";
import { CommandError, EXIT } from "./connection.ts";

export interface FileDocument {
  readonly value: unknown;
  /** Puts `file:line:column` before a complaint: the place of the member that it names first, or else of the document. */
  readonly placed: (complaint: string) => string;
}

export interface FileDocuments {
  readonly documents: readonly FileDocument[];
  /** Whether the file holds a list, even of one document. */
  readonly isList: boolean;
}

/** Reads one document or a list of them; `-` is standard input. */
export async function readDocuments(file: string): Promise<FileDocuments> {
  const name = file === "-" ? "standard input" : file;
  const { value, locate } = parse(await readText(file), name);
  const isList = Array.isArray(value);
  const documents = isList
    ? value.map((item: unknown, index) => ({ value: item, placed: placing([index]) }))
    : [{ value, placed: placing([]) }];
  if (value === null || documents.length === 0) throw new CommandError(`${name} holds no document.`, EXIT.usage);
  return { documents, isList };

  function placing(path: readonly number[]): FileDocument["placed"] {
    return (complaint) => `${locate([...path, ...memberPath(complaint)])}: ${complaint}`;
  }
}

function parse(text: string, name: string): ReturnType<typeof readYaml> {
  try {
    return readYaml(text, name);
  } catch (error) {
    throw error instanceof CatalogueFileError ? new CommandError(error.problems.join("\n"), EXIT.usage) : error;
  }
}

async function readText(file: string): Promise<string> {
  if (file === "-") return textOf(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  }
}

/** `dimensions.0.name: must …` is about the name of the first dimension. */
function memberPath(complaint: string): string[] {
  return /^([\w-]+(?:\.[\w-]+)*): /.exec(complaint)?.[1]?.split(".") ?? [];
}
