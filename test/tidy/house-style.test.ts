/** What the house style asks of every file, as far as a regular expression can tell. */
import { describe, expect, test } from "vitest";
import { CODE, codeOf, filesIn, textOf } from "./sources.ts";

const LINES_MAX = 400;

describe("no file", () => {
  test("has more than 400 lines", () => {
    const long = CODE.map((file) => ({ file, lines: textOf(file).trimEnd().split("\n").length }));
    expect(long.filter(({ lines }) => lines > LINES_MAX)).toEqual([]);
  });

  const banned: readonly (readonly [string, RegExp])[] = [
    ["exports a default", /^\s*export\s+default\b|\bas default\b/m],
    ["exports everything of another", /^\s*export\s+(type\s+)?\*/m],
    ["has an enum", /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/m],
    ["has the type `any`", new RegExp("(?<![.\\w])any\\b")],
    ["has a namespace", /^\s*(export\s+)?(declare\s+)?namespace\s/m],
  ];
  test.each(banned)("%s", (_what, expression) => {
    expect(CODE.length).toBeGreaterThan(100);
    expect(CODE.filter((file) => expression.test(codeOf(file)))).toEqual([]);
  });

  test("switches off a check without saying why", () => {
    const silent = CODE.filter((file) =>
      /(oxlint-disable(?!.*--)|@ts-ignore|@ts-expect-error\s*$)/m.test(textOf(file)),
    );
    expect(silent.filter((file) => !file.startsWith("test/tidy/"))).toEqual([]);
  });
});

test.each(["sqlite", "postgres"])("every migration of %s is listed, in order, and numbered without a gap", (store) => {
  const folder = `packages/server/src/stores/${store}/`;
  const files = filesIn(`${folder}migrations`, /\.sql$/).map((file) => file.slice(`${folder}migrations/`.length));
  const listed = [...textOf(`${folder}migrations.ts`).matchAll(/"(\d{4}-[a-z-]+\.sql)"/g)].map(([, name]) => name);
  expect(listed).toEqual(files);
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, i) => i + 1));
});
