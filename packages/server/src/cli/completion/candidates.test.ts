import { describe, expect, test } from "vitest";
import { commandLine } from "../program.ts";
import { candidatesFor } from "./candidates.ts";

const program = commandLine();
const valuesAfter = (...words: string[]): string[] => candidatesFor(program, words).items.map(({ value }) => value);

describe("what may come next", () => {
  test("is every command, at first, and how it begins narrows it", () => {
    const names = program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name());
    expect(valuesAfter("")).toEqual(names);
    expect(valuesAfter("rec")).toEqual(["records"]);
    expect(valuesAfter("re")).toEqual(names.filter((name) => name.startsWith("re")));
    expect(valuesAfter("records", "")).toEqual(["list", "help"]);
  });

  test("is an option of the command, but for those that were given", () => {
    expect(valuesAfter("fault", "add", "--k")).toEqual(["--kind"]);
    expect(valuesAfter("fault", "add", "--kind", "delay", "--k")).toEqual([]);
    expect(valuesAfter("fault", "list", "")).toEqual([
      "--json",
      "--operator-url",
      "--operator-token",
      "--data",
      "--help",
    ]);
    expect(valuesAfter("resource", "list", "--live", "--l")).toEqual(["--limit"]);
  });

  test("is a choice, after an option that has some, in both spellings", () => {
    expect(valuesAfter("fault", "add", "--kind", "")).toEqual(["throttle", "internal-error", "unprocessed", "delay", "drop-answer"]); // prettier-ignore
    expect(valuesAfter("fault", "add", "--kind=d")).toEqual(["--kind=delay", "--kind=drop-answer"]);
    expect(valuesAfter("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  test("is a file where one is named, and nothing where only the user knows", () => {
    expect(candidatesFor(program, ["product", "add", "--file", ""])).toEqual({ items: [], files: true });
    expect(candidatesFor(program, ["serve", "--kubernetes", "x"])).toEqual({ items: [], files: true });
    expect(candidatesFor(program, ["store", "backup", ""])).toEqual({ items: [], files: true });
    expect(candidatesFor(program, ["records", "list", "--product", ""])).toEqual({ items: [], files: false });
    expect(candidatesFor(program, ["explain", ""])).toEqual({ items: [], files: false });
  });

  test("is a command of which help is wanted", () => {
    expect(valuesAfter("help", "fau")).toEqual(["fault"]);
    expect(valuesAfter("help", "fault", "")).toEqual([]);
  });

  test("is not an option after --, and nothing where commands are unknown", () => {
    expect(valuesAfter("fault", "list", "--", "")).toEqual([]);
    expect(valuesAfter("frobnicate", "--kind", "x", "--z")).toEqual([]);
    expect(valuesAfter("complete")).toEqual([]);
  });
});
