/** What each route of the operator API must have besides its handler, which the compiler asks for: a command, a test, a row. */
import { expect, test } from "vitest";
import { commandLine } from "../../packages/server/src/cli/program.ts";
import type { Route } from "../../packages/server/src/operator/contract/route.ts";
import { ROUTES } from "../../packages/server/src/operator/contract/routes.ts";
import { filesIn, resolved, textOf } from "./sources.ts";

const SERVER = "packages/server/src/";
const CONTRACT = `${SERVER}operator/contract/`;
const routes: readonly (readonly [string, Route])[] = Object.entries(ROUTES);

type Command = ReturnType<typeof commandLine>;

function commandsBelow(command: Pick<Command, "commands">, before: readonly string[] = []): string[] {
  return command.commands.flatMap((below) => {
    const path = [...before, below.name()];
    return [path.join(" "), ...commandsBelow(below, path)];
  });
}

test("has a command that is there, and that calls it; or says why there is none", () => {
  const commands = commandsBelow(commandLine());
  const cli = filesIn(`${SERVER}cli`, /\.ts$/).map(textOf).join("\n");
  const wrong = routes.flatMap(([name, { command }]) => {
    const isCalled = cli.includes(`"${name}"`);
    if (typeof command !== "string") {
      return isCalled || command.none.length < 20 ? [`${name}: says that no command calls it`] : [];
    }
    const missing = commands.includes(command) ? [] : [`${name}: there is no command ${command}`];
    return isCalled ? missing : [...missing, `${name}: no command calls it; call it, or say why not`];
  });
  expect(routes.length).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `callOperator(server, "GET", "/accounts/1")` and the like, or the route's name. */
function callOf(name: string): RegExp {
  const [method = "", path = ""] = name.split(" ");
  const called = path
    .split(/\{\w+\}/)
    .map(literal)
    .join("[^/\"'`\\s]+");
  return new RegExp(`["'\`]${method}["'\`],\\s*["'\`]${called}["'\`?]|["'\`]${literal(name)}["'\`]`);
}

test("has a test that calls it", () => {
  const suites = filesIn("test", /\.test\.ts$/).filter((file) => !file.startsWith("test/tidy/"));
  const texts = suites.map(textOf);
  const untested = routes.map(([name]) => name).filter((name) => !texts.some((text) => callOf(name).test(text)));
  expect(untested).toEqual([]);
});

test("has a row in docs/OPERATOR-API.md, with its command", () => {
  const page = textOf("docs/OPERATOR-API.md");
  const missing = routes.filter(([name, { command }]) => {
    const told = typeof command === "string" ? `\`${command}\`` : `none: ${command.none}`;
    return !page.includes(`\n| \`${name}\` | `) || !page.includes(`| ${told} |`);
  });
  expect(missing.map(([name]) => name)).toEqual([]);
});

test("is declared with schemas that neither the command line nor the published client loads", () => {
  const light = [...filesIn(`${SERVER}cli`, /\.ts$/), ...filesIn(`${SERVER}operator/client`, /\.ts$/)];
  const loaded = light.flatMap((file) =>
    [...textOf(file).matchAll(/^(?:import|export) (?!type\b)[^;]*?from "(\.[^"]+)"/gm)]
      .map(([, specifier = ""]) => resolved(file, specifier))
      .filter((target) => target.startsWith(CONTRACT) && target !== `${CONTRACT}values.ts`)
      .map((target) => `${file} loads ${target}`),
  );
  expect(light.length).toBeGreaterThan(20);
  expect(loaded).toEqual([]);
});
