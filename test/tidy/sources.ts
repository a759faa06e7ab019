/** The repository's own files, as the tidiness tests look at them. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

const SKIPPED = new Set(["node_modules", "dist", ".git", "coverage"]);

/** All files below a folder, by their path from the root, in order. */
export function filesIn(folder: string, ending: RegExp): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) found.push(...filesIn(path, ending));
    else if (entry.isFile() && ending.test(entry.name)) found.push(path);
  }
  return found.toSorted();
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Whether a file is there for tests only. */
export function isTestCode(path: string): boolean {
  return /\.(test|fixture)\.ts$/.test(path) || /^packages\/[^/]+\/testing\//.test(path);
}

/** What a file imports, as it is written there: `import`, `export … from` and `import()`. */
export function importsOf(path: string): string[] {
  const text = textOf(path);
  const statements = /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*"([^"]+)"/gm;
  const calls = /\bimport\(\s*"([^"]+)"\s*\)/g;
  return [...text.matchAll(statements), ...text.matchAll(calls)].map(([, specifier]) => specifier as string);
}

/** The path from the root of what a relative import leads to. */
export function resolved(from: string, specifier: string): string {
  return relative(ROOT, join(ROOT, dirname(from), specifier));
}

/** The package that an import that is not relative is of: `node:fs`, `hono`, `@hono/node-server`. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The code without its comments, and with its texts emptied. */
export function codeOf(path: string): string {
  const pieces = /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return textOf(path).replace(pieces, (piece) => (piece.startsWith("/") ? "" : '""'));
}

/** Everything that is written in TypeScript or runs as a script. */
export const CODE: readonly string[] = ["packages", "test", "bench", "examples", "scripts"].flatMap((folder) =>
  filesIn(folder, /\.(ts|tsx|mts|mjs|js)$/),
);
