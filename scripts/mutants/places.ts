/** Lines of code, drawn at random by a seed. */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { randomFrom } from "../../test/support/random.ts";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Draws each line at most once. */
export function placesIn(root: string, sources: readonly string[], seed: number, count: number): Place[] {
  const all = sources.flatMap((source) => filesIn(root, source)).flatMap((file) => linesOf(root, file));
  const random = randomFrom(seed);
  const places: Place[] = [];
  while (places.length < count && all.length > 0) places.push(...all.splice(random.whole(0, all.length - 1), 1));
  return places;
}

function filesIn(root: string, source: string): string[] {
  if (statSync(join(root, source)).isFile()) return [source];
  const names = readdirSync(join(root, source), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(name))
    .map((name) => join(source, name))
    .toSorted();
}

/** The lines in which something can be changed: no comments, no imports, and more than a bracket. */
function linesOf(root: string, file: string): Place[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  return lines.flatMap((text, i) =>
    /^\s*(\/?\*|\/\/|import\b|export type\b|readonly\b|[\])}]*[;,(]*$)/.test(text) ||
    !/[!&|<>=?+*%.-]|true|false/.test(text)
      ? []
      : [{ file, line: i + 1 }],
  );
}
