/** Reads YAML, so that every complaint about what it says has its line. */
import { LineCounter, parseDocument, visit, type Document } from "yaml";
import { CatalogueFileError, type Locate } from "./catalogue-file.ts";

/** Any YAML value. Throws CatalogueFileError where the text is not YAML. */
export function readYaml(text: string, fileName: string): { value: unknown; locate: Locate } {
  const lines = new LineCounter();
  // At any other log level the parser warns on standard error, and quotes the text.
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  if (yaml.errors.length > 0) {
    throw new CatalogueFileError(yaml.errors.map((error) => `${place(error.pos[0])}: ${syntaxText(error.message)}`));
  }
  return { value: valueOf(yaml, place), locate: (path) => place(offsetOf(yaml, path)) };
}

/** Removes the quoted text with which the parser ends some of its messages. */
function syntaxText(message: string): string {
  return message.replace(/(?<=\w): .*$|(?<=escape sequence) .*$/s, "");
}

function valueOf(yaml: Document.Parsed, place: (offset: number) => string): unknown {
  const problems: string[] = [];
  visit(yaml, {
    Alias(_key, alias) {
      if (alias.resolve(yaml) === undefined) {
        problems.push(`${place(alias.range?.[0] ?? 0)}: an alias (*) to an anchor (&) that is not there`);
      }
    },
  });
  if (problems.length > 0) throw new CatalogueFileError(problems);
  try {
    return yaml.toJS();
  } catch {
    throw new CatalogueFileError([`${place(0)}: aliases (*) of aliases that grow out of all bounds`]);
  }
}

/** The offset of the node at a path; if that is missing, of the nearest node above it. */
function offsetOf(yaml: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? yaml.contents : yaml.getIn(path.slice(0, length), true);
    if (node !== null && typeof node === "object" && "range" in node && Array.isArray(node.range)) {
      return Number(node.range[0]);
    }
  }
  return 0;
}
