/** What a browser has to load, as gzip: the first view, and everything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { DIST, buildConsole } from "./console.ts";

const KIB = 1_024;
const FIRST_VIEW_MAX = 125 * KIB;
const WHOLE_MAX = 180 * KIB;

interface Piece {
  readonly file: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
}

beforeAll(buildConsole);

const bytesOf = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + readFileSync(join(DIST, `${file}.gz`)).length, 0);

test("the first view, and the whole, stay within their bounds", () => {
  const pieces = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8")) as Readonly<Record<string, Piece>>;
  const withImports = (name: string, seen: Set<string>): Set<string> => {
    const piece = pieces[name];
    if (piece === undefined) throw new Error(`The build has no ${name}.`);
    for (const file of [piece.file, ...(piece.css ?? [])]) seen.add(file);
    for (const imported of piece.imports ?? [])
      if (!seen.has(pieces[imported]?.file ?? "")) withImports(imported, seen);
    return seen;
  };
  const firstView = withImports("src/screens/activity/activity.tsx", withImports("index.html", new Set()));
  const styles = Object.values(pieces).flatMap(({ file, css = [] }) => [
    ...css,
    ...(file.endsWith(".css") ? [file] : []),
  ]);
  const whole = new Set([...Object.values(pieces).map(({ file }) => file), ...styles]);
  const sizes = {
    firstView: bytesOf(new Set([...firstView, ...styles, "index.html"])),
    whole: bytesOf(new Set([...whole, "index.html"])),
  };
  process.stdout.write(
    `first view ${(sizes.firstView / KIB).toFixed(1)} KiB, whole ${(sizes.whole / KIB).toFixed(1)} KiB (gzip)\n`,
  );
  expect(sizes.firstView).toBeGreaterThan(50 * KIB);
  expect(sizes.firstView).toBeLessThanOrEqual(FIRST_VIEW_MAX);
  expect(sizes.whole).toBeLessThanOrEqual(WHOLE_MAX);
});
