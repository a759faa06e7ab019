/** What the documents say of the repository is so: their links lead somewhere, and the tests they name are there. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { ROOT, filesIn, textOf } from "./sources.ts";

const pages = filesIn(".", /\.md$/);
const withoutCode = (page: string): string =>
  textOf(page)
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, "");

/** The places of a page that a link may lead to, as GitHub names them. */
function anchorsOf(page: string): string[] {
  const text = textOf(page);
  const headings = [...text.matchAll(/^#+\s+(.*)$/gm)].map(([, heading = ""]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
  return [...headings, ...[...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = ""]) => id)];
}

test("every relative link in a document leads to a file, and to a place in it", () => {
  expect(pages.length).toBeGreaterThan(10);
  const broken = pages.flatMap((page) =>
    [...withoutCode(page).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = "", anchor] = decodeURI(link).split("#");
        const target = path === "" ? page : join(dirname(page), path);
        if (!existsSync(join(ROOT, target))) return true;
        return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
      })
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test("every test that a document names is there", () => {
  const places = ["", "packages/", "packages/server/", "packages/server/src/"];
  const missing = pages.flatMap((page) =>
    [...textOf(page).matchAll(/`([\w./-]+(?:\.test|-contract)\.ts)`/g)]
      .map(([, path = ""]) => path)
      .filter((path) => !places.some((place) => existsSync(join(ROOT, place, path))))
      .map((path) => `${relative(".", page)}: ${path}`),
  );
  expect(missing).toEqual([]);
});

const cited = (row: string): string[] => [
  ...[...row.matchAll(/`((?:test|packages)\/[\w./-]+\.ts)`/g)].map(([, path = ""]) => path),
  ...(/\bModel\b/.test(row) ? ["test/outbox/model/model.test.ts"] : []),
];

test("an invariant of the outbox is named in every test by which a document says that it is held", () => {
  const contract = filesIn("packages/outbox/testing/contract", /\.ts$/);
  const rows = ["docs/OUTBOX.md", "docs/CONFORMANCE.md"].flatMap((page) =>
    [...textOf(page).matchAll(/^\| (O\d+) \|.*$/gm)].map(([row, id = ""]) => ({ page, id, row })),
  );
  expect(rows.map(({ id }) => id)).toEqual([1, 2].flatMap(() => Array.from({ length: 16 }, (_, at) => `O${at + 1}`)));
  const silent = rows.flatMap(({ page, id, row }) => {
    const names = (path: string): boolean => new RegExp(`\\b${id}\\b`).test(textOf(path));
    const paths = cited(row);
    const ofContract = /contract suite/i.test(row) && !contract.some(names) ? ["the contract suite"] : [];
    expect(paths.length > 0 || /contract suite/i.test(row), row).toBe(true);
    return [...paths.filter((path) => !names(path)), ...ofContract].map((path) => `${page}: ${id} in ${path}`);
  });
  expect(silent).toEqual([]);
});
