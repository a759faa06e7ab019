import { expect, test } from "vitest";
import type { Surroundings } from "../platform/platform.ts";
import { flagReader } from "./flags.ts";
import type { SharedFiles } from "./shared-files.ts";

function read(variable: string | undefined, setting: string | undefined): boolean | undefined {
  const surroundings = { variable: (name: string) => (name === "FLAG" ? variable : undefined) } as Surroundings;
  const profile = setting === undefined ? {} : { flag: setting };
  return flagReader(surroundings, { profile, profileName: "default" } as unknown as SharedFiles)("FLAG", "flag");
}

test("a flag is true or false, however it is written, of the environment before the profile", () => {
  expect([read("true", undefined), read("False", undefined), read("TRUE", "false")]).toEqual([true, false, true]);
  expect([read(undefined, "True"), read(undefined, "false"), read("", "true")]).toEqual([true, false, true]);
  expect(read(undefined, undefined)).toBeUndefined();
});

test("what is neither is refused, with where it stands", () => {
  expect(() => read("yes", undefined)).toThrow("FLAG must be true or false; it is yes.");
  expect(() => read(undefined, "1")).toThrow('"flag" of the profile "default" must be true or false; it is 1.');
});
