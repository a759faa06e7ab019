/** Who may import whom in the server: docs/ARCHITECTURE.md as a table. */
import { describe, expect, test } from "vitest";
import { filesIn, importsOf, isTestCode, packageOf, resolved } from "./sources.ts";

const SERVER = "packages/server/src/";

/** Rooms and single files, by their path below the server's sources, and everything outside them that they import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: ["@countinghouse/protocol"],
  ledger: ["@countinghouse/protocol", "domain", "node:crypto", "node:timers/promises"],
  "sum-tables": ["ledger"],
  "stores/memory": ["@countinghouse/protocol", "domain", "ledger"],
  "stores/sqlite": [
    "@countinghouse/protocol",
    "domain",
    "ledger",
    "sum-tables",
    "sync-folder.ts",
    "node:fs",
    "node:path",
    "node:sqlite",
    "node:v8",
    "node:worker_threads",
  ],
  "stores/postgres": ["@countinghouse/protocol", "domain", "ledger", "sum-tables", "pg", "node:crypto", "node:fs"],
  identity: ["@countinghouse/protocol", "domain", "jose", "node:crypto"],
  "operator/contract": ["@countinghouse/protocol", "zod"],
  "operator/client": ["operator/contract"],
  catalogue: ["@countinghouse/protocol", "domain", "identity", "operator/contract", "yaml", "zod", "node:path"],
  "web-identity": [
    "@countinghouse/protocol",
    "domain",
    "jose",
    "node:fs/promises",
    "node:http",
    "node:https",
    "node:tls",
  ],
  audit: ["@countinghouse/protocol", "ledger", "node:crypto"],
  checkpoints: ["@countinghouse/protocol", "ledger", "node:crypto", "node:fs", "node:path"],
  advice: ["@countinghouse/protocol", "domain", "ledger", "operator/contract"],
  explain: ["@countinghouse/protocol", "domain", "ledger", "catalogue", "operator/contract"],
  faults: ["domain", "ledger", "operations"],
  operations: ["@countinghouse/protocol", "domain", "ledger", "audit", "node:timers/promises"],
  "control-plane": ["@countinghouse/protocol", "domain", "ledger"],
  observers: [
    "@countinghouse/protocol",
    "domain",
    "ledger",
    "control-plane",
    "zod",
    "@kubernetes/client-node",
    "node:crypto",
  ],
  reports: ["@countinghouse/protocol", "domain", "ledger", "big.js"],
  listener: [
    "@countinghouse/protocol",
    "identity",
    "ledger",
    "hono",
    "prom-client",
    "node:buffer",
    "node:http",
    "node:https",
    "node:net",
    "node:timers",
  ],
  testkit: [
    "@countinghouse/protocol",
    "catalogue",
    "compose.ts",
    "config.ts",
    "domain",
    "explain",
    "identity",
    "ledger",
    "listener",
    "operations",
    "operator/client",
    "operator/contract",
    "snapshot",
    "world.ts",
    "node:child_process",
    "node:events",
    "node:fs",
    "node:timers",
    "node:timers/promises",
    "node:util",
  ],
  snapshot: [
    "@countinghouse/protocol",
    "audit",
    "catalogue",
    "domain",
    "identity",
    "ledger",
    "node:crypto",
    "node:util",
    "node:zlib",
  ],
  trail: ["@countinghouse/protocol", "advice", "domain", "operator/contract"],
  wire: [
    "@countinghouse/protocol",
    "domain",
    "ledger",
    "identity",
    "audit",
    "operations",
    "listener",
    "cborg",
    "node:buffer",
    "node:http",
  ],
  workload: [
    "@countinghouse/protocol",
    "domain",
    "ledger",
    "identity",
    "listener",
    "node:crypto",
    "node:events",
    "node:http",
    "node:net",
  ],
  "demo-data": ["@countinghouse/protocol", "operator/client", "node:crypto"],
  console: ["listener", "node:fs", "node:http", "node:path", "node:url"],
  buy: [
    "@countinghouse/protocol",
    "domain",
    "ledger",
    "identity",
    "operations",
    "listener",
    "clock.ts",
    "@hono/node-server",
    "hono",
    "node:crypto",
    "node:http",
  ],
  operator: [
    "@countinghouse/protocol",
    "operator/contract",
    "domain",
    "ledger",
    "identity",
    "advice",
    "catalogue",
    "checkpoints",
    "operations",
    "audit",
    "explain",
    "faults",
    "control-plane",
    "observers/ecs",
    "reports",
    "listener",
    "snapshot",
    "workload",
    "clock.ts",
    "@hono/node-server",
    "@hono/zod-openapi",
    "cborg",
    "zod",
    "hono",
    "node:crypto",
    "node:http",
    "node:https",
  ],
  cli: [
    "@countinghouse/protocol",
    "catalogue/catalogue-file.ts",
    "catalogue/yaml.ts",
    "change-settings.ts",
    "compose.ts",
    "config.ts",
    "demo-data",
    "domain/shared-settings.ts",
    "ledger/work-progress.ts",
    "operator/client",
    "operator/contract",
    "stores/postgres",
    "stores/sqlite",
    "trail",
    "version.ts",
    "world.ts",
    "commander",
    "pino",
    "string-width",
    "node:child_process",
    "node:crypto",
    "node:events",
    "node:fs",
    "node:net",
    "node:path",
    "node:stream",
    "node:stream/consumers",
    "node:stream/promises",
    "node:timers/promises",
    "node:tty",
    "node:util",
    "node:zlib",
  ],
  "clock.ts": ["@countinghouse/protocol", "ledger"],
  "config.ts": [
    "@countinghouse/protocol",
    "clock.ts",
    "domain/shared-settings.ts",
    "observers/kubernetes",
    "node:fs",
    "node:net",
  ],
  "change-settings.ts": [
    "@countinghouse/protocol",
    "clock.ts",
    "domain/shared-settings.ts",
    "ledger",
    "operations",
    "stores/postgres",
    "version.ts",
    "world.ts",
  ],
  "open-ledger.ts": [
    "@countinghouse/protocol",
    "catalogue",
    "clock.ts",
    "config.ts",
    "domain",
    "identity",
    "ledger",
    "lost-tail.ts",
    "operations",
    "secrets-key.ts",
    "stores/memory",
    "stores/postgres",
    "stores/sqlite",
    "version.ts",
    "world.ts",
    "node:fs",
    "node:path",
  ],
  "housekeeping.ts": [
    "catalogue",
    "checkpoints",
    "config.ts",
    "control-plane",
    "ledger",
    "open-ledger.ts",
    "operations",
    "version.ts",
    "world.ts",
  ],
  "compose-operator.ts": [
    "@countinghouse/protocol",
    "audit",
    "catalogue",
    "config.ts",
    "domain",
    "faults",
    "housekeeping.ts",
    "ledger",
    "listener",
    "open-ledger.ts",
    "operator",
    "version.ts",
    "workload",
    "world.ts",
    "node:http",
    "node:net",
  ],
  "compose.ts": [
    "audit",
    "clock.ts",
    "compose-operator.ts",
    "config.ts",
    "disk-space.ts",
    "domain",
    "failure-log.ts",
    "faults",
    "buy",
    "console",
    "housekeeping.ts",
    "identity",
    "ledger",
    "listener",
    "metrics.ts",
    "observers/kubernetes",
    "open-ledger.ts",
    "operations",
    "operator",
    "version.ts",
    "web-identity",
    "wire",
    "workload",
    "world.ts",
    "@hono/node-server",
    "node:http",
  ],
  "failure-log.ts": ["world.ts"],
  "lost-tail.ts": ["checkpoints", "config.ts", "identity", "ledger"],
  "main.ts": ["cli"],
  "metrics.ts": ["prom-client"],
  "secrets-key.ts": ["config.ts", "identity", "sync-folder.ts", "node:fs", "node:path"],
  "sync-folder.ts": ["node:fs"],
  "version.ts": [],
  "disk-space.ts": ["config.ts", "world.ts"],
  "world.ts": ["@countinghouse/protocol", "node:crypto", "node:fs", "node:util"],
};

interface Arrow {
  readonly file: string;
  readonly room: string;
  /** A path below the server's sources, or a package. */
  readonly target: string;
}

/** The room that a path below the server's sources lies in. */
function roomOf(path: string): string {
  return Object.keys(ALLOWED).find((room) => path === room || path.startsWith(`${room}/`)) ?? path;
}

const sources = filesIn(SERVER, /\.ts$/).filter((file) => !isTestCode(file));
const arrows: readonly Arrow[] = sources.flatMap((file) => {
  const room = roomOf(file.slice(SERVER.length));
  return importsOf(file)
    .map((specifier) =>
      specifier.startsWith(".") ? resolved(file, specifier).slice(SERVER.length) : packageOf(specifier),
    )
    .filter((target) => roomOf(target) !== room)
    .map((target) => ({ file, room, target }));
});

const covers = (entry: string, { target }: Arrow): boolean => target === entry || target.startsWith(`${entry}/`);

describe("imports between the rooms of the server", () => {
  test("there are some to look at", () => {
    expect(arrows.length).toBeGreaterThan(100);
  });

  test("every source lies in a room", () => {
    expect(sources.filter((file) => !(roomOf(file.slice(SERVER.length)) in ALLOWED))).toEqual([]);
  });

  test("go along the arrows of docs/ARCHITECTURE.md, and no others", () => {
    const strays = arrows.filter((arrow) => !ALLOWED[arrow.room]?.some((entry) => covers(entry, arrow)));
    expect(strays.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test("use every arrow there is: one that nothing needs is taken out of the table", () => {
    const idle = Object.entries(ALLOWED).flatMap(([room, entries]) =>
      entries
        .filter((entry) => !arrows.some((arrow) => arrow.room === room && covers(entry, arrow)))
        .map((entry) => `${room} may import ${entry}`),
    );
    expect(idle).toEqual([]);
  });

  test("never lead from what ships to what is there for tests", () => {
    const all = ["packages/protocol/src", "packages/client/src", "packages/server/src", "packages/outbox/src"].flatMap(
      (folder) => filesIn(folder, /\.ts$/),
    );
    const strays = all
      .filter((file) => !isTestCode(file))
      .flatMap((file) =>
        importsOf(file)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => resolved(file, specifier))
          .filter((target) => isTestCode(target) || !all.includes(target))
          .map((target) => `${file} imports ${target}`),
      );
    expect(strays).toEqual([]);
  });

  test("never lead out of the protocol package", () => {
    const strays = filesIn("packages/protocol/src", /\.ts$/)
      .filter((file) => !isTestCode(file))
      .flatMap((file) => importsOf(file).filter((specifier) => !specifier.startsWith(".")));
    expect(strays).toEqual([]);
  });
});
