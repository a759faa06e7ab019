/** What the recipes of CONTRIBUTING.md ask for, as far as it can be seen in the tree. */
import { operations, ruleBook } from "@countinghouse/protocol";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, filesIn, textOf } from "./sources.ts";

const conformance = textOf("docs/CONFORMANCE.md");
const contributing = textOf("CONTRIBUTING.md");

describe.each(operations.map(({ name }) => [name]))("the operation %s", (name) => {
  const file = `${name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}.ts`;
  const constant = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;

  test.each([
    "packages/protocol/src/operations",
    "packages/server/src/domain/decide",
    "packages/server/src/operations",
  ])("has its file in %s", (folder) => {
    expect(readdirSync(join(ROOT, folder))).toContain(file);
  });

  test("is walked over the wire, from the first of its refusals to the last", () => {
    const walks = filesIn("test/wire", /\.test\.ts$/).map(textOf);
    expect(walks.filter((text) => text.includes(`refusalOrderOf(${constant})`))).not.toEqual([]);
  });

  test("has its row in README.md and in docs/CONFORMANCE.md", () => {
    expect(textOf("README.md")).toContain(`| \`${name}\` |`);
    expect(conformance).toMatch(new RegExp(`^\\|.*\\b${name}\\b.*\\|$`, "m"));
  });
});

test("every rule carries a statement of docs/CONFORMANCE.md", () => {
  const links = /\[([A-Z])(\d)\]\(RULES\.md#\w+\)(?:\s*(?:–|to)\s*\[[A-Z](\d)\])?/g;
  const carried = [...conformance.matchAll(links)].flatMap(([, letter, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${letter}${Number(first) + i}`),
  );
  expect(Object.keys(ruleBook).filter((id) => !carried.includes(id))).toEqual([]);
});

describe.each(
  readdirSync(join(ROOT, "packages/server/src/stores"), { withFileTypes: true })
    .filter((one) => one.isDirectory())
    .map(({ name }) => [name]),
)("the store %s", (name) => {
  const folder = `packages/server/src/stores/${name}`;

  test("passes the contract suite", () => {
    const suites = filesIn(folder, /\.test\.ts$/).map(textOf);
    expect(suites.filter((text) => text.includes("ledgerContract("))).not.toEqual([]);
  });

  test("is among the stores that every promise is held against, and has a room", () => {
    const stores =
      textOf("packages/server/testing/every-store.ts") + textOf(`packages/server/testing/postgres-ledger.ts`);
    expect(stores).toContain(`/stores/${name}/`);
    expect(textOf("docs/ARCHITECTURE.md")).toContain(`\`stores/${name}/\``);
  });
});

test("every file that a recipe names is there", () => {
  const named = [...contributing.matchAll(/^((?:packages|test|docs)\/[\w./-]+\.\w+)/gm)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
