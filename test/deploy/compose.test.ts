/** compose.yaml: what the specification's schema and a linter say of it, and that it fits the server and the image. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DCLinter } from "dclint";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { commandLine } from "../../packages/server/src/cli/program.ts";
import { newFolder } from "../support/scoped.ts";

const FILE = fileURLToPath(new URL("../../compose.yaml", import.meta.url));

/** Its types cannot be found from an ES module. */
interface Message {
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

function complaintsOf(file: string): string[] {
  // The formatter of this project writes double quotes.
  const rules = { "require-quotes-in-ports": 0 } as const;
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const results = linter.lintFiles([file], false) as readonly { readonly messages: readonly Message[] }[];
  return results.flatMap(({ messages }) => messages).map(({ line, rule, message }) => `${line}: ${rule}: ${message}`);
}

test("the schema of the specification and a linter have nothing to say", () => {
  expect(complaintsOf(FILE)).toEqual([]);
  const broken = join(newFolder(), "compose.yaml");
  writeFileSync(broken, readFileSync(FILE, "utf8").replace("read_only: true", "readonly: true"));
  expect(complaintsOf(broken).join()).toContain("must NOT have additional properties");
});

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly secrets?: readonly string[];
}

test("what it gives the server are flags of the server, and files that are there", () => {
  const { services, secrets } = parse(readFileSync(FILE, "utf8")) as {
    readonly services: Readonly<Record<"countinghouse" | "database", Service>>;
    readonly secrets: Readonly<Record<string, unknown>>;
  };
  const { countinghouse, database } = services;
  const serve = commandLine().commands.find((command) => command.name() === "serve");
  const flags = (serve?.options ?? []).map(({ long }) => long);
  const variables = Object.keys(countinghouse.environment).map((name) => `--${name.replace("COUNTINGHOUSE_", "").toLowerCase().replaceAll("_", "-")}`); // prettier-ignore
  const given = (countinghouse.command ?? []).filter((word) => word.startsWith("--"));
  expect([...variables, ...given].filter((flag) => !flags.includes(flag))).toEqual([]);
  expect(variables).toContain("--operator-token");
  for (const [name, value] of Object.entries(countinghouse.environment)) {
    if (name.endsWith("_FILE"))
      expect(countinghouse.secrets?.map((secret) => `/run/secrets/${secret}`)).toContain(value);
  }
  expect(Object.keys(secrets)).toEqual(countinghouse.secrets);
  expect(countinghouse.volumes.join()).toContain(countinghouse.environment["COUNTINGHOUSE_CATALOG"]);
  // The same database, user and password on both sides.
  const { username, host, pathname } = new URL(countinghouse.environment["COUNTINGHOUSE_STORE"]?.replace(/\$\{[^}]*\}/, "x") ?? ""); // prettier-ignore
  expect({ username, host, pathname }).toEqual({
    username: database.environment["POSTGRES_USER"],
    host: "database",
    pathname: `/${database.environment["POSTGRES_DB"]}`,
  });
  // Pinned to a version.
  expect(database.image).toMatch(/^postgres:\d+\.\d+-/);
  expect(countinghouse.build).toBe(".");
});
