/** Settings that are true or false, from the environment or otherwise from the profile. */
import { configurationError } from "../outcome.ts";
import type { Surroundings } from "../platform/platform.ts";
import { nonEmpty, type SharedFiles } from "./shared-files.ts";

/** Reads a flag by a variable's name and a profile's key; undefined where neither is set. */
export function flagReader(
  surroundings: Surroundings,
  files: SharedFiles,
): (variable: string, key: string) => boolean | undefined {
  return (variable, key) => {
    const ofEnvironment = nonEmpty(surroundings.variable(variable));
    const text = ofEnvironment ?? files.profile[key];
    if (text === undefined) return undefined;
    if (text.toLowerCase() === "true") return true;
    if (text.toLowerCase() === "false") return false;
    const where = ofEnvironment === undefined ? `"${key}" of the profile "${files.profileName}"` : variable;
    throw configurationError(`${where} must be true or false; it is ${text}.`);
  };
}
