/** What a file exports is imported by another one: what nobody else needs is the file's own. */
import { expect, test } from "vitest";
import { CODE, filesIn, resolved, textOf } from "./sources.ts";

/** Files that are imported by name from outside: the entry points of packages, and what Vitest is told to set up. */
const ENTRY_POINTS = new Set([
  "test/support/postgres/global-setup.ts",
  ...filesIn("packages", /^package\.json$/).flatMap((manifest) =>
    [...textOf(manifest).matchAll(/"\.\/(src\/[\w/.-]+\.ts)"/g)].map(([, path = ""]) =>
      manifest.replace("package.json", path),
    ),
  ),
]);

const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) (?:\{([^}]*)\}|(\w+))/gm;
const NAMED = /^\s*(?:import|export|const)\s+(?:type\s+)?\{([^}]*)\}\s*(?:from|= await import\()\s*"([^"]+)"/gm;
const WHOLE =
  /(?<!\}\s*=\s*await\s+)\bimport\(\s*"([^"]+)"\s*\)|^import\s+(?:type\s+)?\*\s+as\s+\w+\s+from\s+"([^"]+)"/gm;

/** The names in `a, type B as C`, as they are called where they come from. */
function namesIn(list: string): string[] {
  const names = list.split(",").map((one) => one.trim().replace(/^type\s+/, ""));
  return names.filter((one) => one !== "").map((one) => one.split(/\s+as\s+|:/, 1)[0] as string);
}

test("every export is imported by another file", () => {
  const wanted = new Set<string>();
  const wholes = new Set<string>();
  for (const file of CODE) {
    const text = textOf(file);
    for (const [, list = "", specifier = ""] of text.matchAll(NAMED)) {
      if (specifier.startsWith("."))
        for (const name of namesIn(list)) wanted.add(`${resolved(file, specifier)}: ${name}`);
    }
    for (const [, called, all = ""] of text.matchAll(WHOLE)) wholes.add(resolved(file, called ?? all));
  }
  const exported = CODE.filter((file) => /\.tsx?$/.test(file) && !ENTRY_POINTS.has(file) && !wholes.has(file)).flatMap(
    (file) =>
      [...textOf(file).matchAll(EXPORT)]
        .flatMap(([, list, name]) => (name === undefined ? namesIn(list ?? "") : [name]))
        .map((name) => `${file}: ${name}`),
  );
  expect(exported.length).toBeGreaterThan(1_000);
  expect(exported.filter((one) => !wanted.has(one))).toEqual([]);
});
