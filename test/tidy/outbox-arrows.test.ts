/** Who may import whom in the outbox: docs/ARCHITECTURE.md as a table. */
import { describe, expect, test } from "vitest";
import { filesIn, importsOf, isTestCode, packageOf, resolved } from "./sources.ts";

const OUTBOX = "packages/outbox/src/";

/** Rooms and single files, by their path below the sources, and everything outside them that they import. */
const OUTBOX_ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: ["@countinghouse/protocol"],
  store: ["@countinghouse/protocol", "domain"],
  "stores/columns.ts": ["domain", "store"],
  "stores/sqlite": ["domain", "store", "stores/columns.ts", "node:crypto", "node:fs", "node:sqlite"],
  "stores/postgres": ["domain", "store", "stores/columns.ts"],
  lifecycle: ["@countinghouse/protocol", "domain", "store", "world.ts", "node:crypto"],
  deliver: ["@countinghouse/client", "@countinghouse/protocol", "domain", "lifecycle", "store", "world.ts"],
  market: ["domain"],
  report: ["@countinghouse/protocol", "domain", "lifecycle", "store"],
  cli: [
    "@countinghouse/client",
    "commander",
    "pg",
    "deliver",
    "domain",
    "lifecycle",
    "open.ts",
    "outbox.ts",
    "report",
    "store",
    "stores/postgres",
    "stores/sqlite",
    "version.ts",
  ],
  "given.ts": ["domain"],
  "bind.ts": ["@countinghouse/client", "@countinghouse/protocol", "domain", "store"],
  "settings.ts": ["@countinghouse/client", "@countinghouse/protocol", "domain", "store"],
  "outbox.ts": [
    "@countinghouse/client",
    "bind.ts",
    "deliver",
    "domain",
    "given.ts",
    "lifecycle",
    "market",
    "report",
    "store",
    "world.ts",
  ],
  "open.ts": ["deliver", "domain", "outbox.ts", "settings.ts", "store", "world.ts"],
  "world.ts": ["node:crypto"],
  "version.ts": [],
  "main.ts": ["cli"],
  "sqlite.ts": ["stores/sqlite"],
  "postgres.ts": ["stores/postgres"],
  "index.ts": [
    "bind.ts",
    "deliver",
    "domain",
    "given.ts",
    "lifecycle",
    "open.ts",
    "outbox.ts",
    "report",
    "settings.ts",
    "store",
    "world.ts",
  ],
};

interface Arrow {
  readonly file: string;
  readonly room: string;
  /** A path below the sources, or a package. */
  readonly target: string;
}

const covers = (entry: string, { target }: Arrow): boolean => target === entry || target.startsWith(`${entry}/`);

const roomIn = (path: string): string =>
  Object.keys(OUTBOX_ALLOWED).find((room) => path === room || path.startsWith(`${room}/`)) ?? path;

describe("imports between the rooms of the outbox", () => {
  const files = filesIn(OUTBOX, /\.ts$/).filter((file) => !isTestCode(file));
  const outboxArrows: readonly Arrow[] = files.flatMap((file) => {
    const room = roomIn(file.slice(OUTBOX.length));
    return importsOf(file)
      .map((specifier) =>
        specifier.startsWith(".") ? resolved(file, specifier).slice(OUTBOX.length) : packageOf(specifier),
      )
      .filter((target) => roomIn(target) !== room)
      .map((target) => ({ file, room, target }));
  });

  test("every source lies in a room", () => {
    expect(files.filter((file) => !(roomIn(file.slice(OUTBOX.length)) in OUTBOX_ALLOWED))).toEqual([]);
  });

  test("go along the arrows of docs/ARCHITECTURE.md, no others, and use every one", () => {
    const strays = outboxArrows.filter((arrow) => !OUTBOX_ALLOWED[arrow.room]?.some((entry) => covers(entry, arrow)));
    expect(strays.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
    const idle = Object.entries(OUTBOX_ALLOWED).flatMap(([room, entries]) =>
      entries
        .filter((entry) => !outboxArrows.some((arrow) => arrow.room === room && covers(entry, arrow)))
        .map((entry) => `${room} may import ${entry}`),
    );
    expect(idle).toEqual([]);
  });
});
