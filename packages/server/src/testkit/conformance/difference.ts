/** Where a value is not what a case expects of it. See ConformanceExpectation. */
import { types } from "node:util";
import { readTime } from "@countinghouse/protocol";

type Path = readonly (string | number)[];
type Members = Readonly<Record<string, unknown>>;

/** Answers of earlier calls, for `$as`. */
export type Earlier = (path: Path) => unknown;

const VALUE_CHARACTERS_MAX = 300;

/** Sentences about every place that differs; none where the expectation holds. */
export function differences(expected: unknown, found: unknown, earlier: Earlier, path: Path = []): readonly string[] {
  const wrong = (what: string): readonly string[] => [`${placeOf(path)} must be ${what}; it is ${shown(found)}`];
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) return wrong(`a list of ${expected.length}`);
    if (found.length !== expected.length) return wrong(`a list of ${expected.length}, not of ${found.length}`);
    return expected.flatMap((one, i) => differences(one, found[i], earlier, [...path, i]));
  }
  if (!isMembers(expected)) return expected === found ? [] : wrong(shown(expected));
  if ("$absent" in expected) return found === undefined || found === null ? [] : wrong("left out");
  if ("$text" in expected) return typeof found === "string" && found !== "" ? [] : wrong("a text that is not empty");
  if ("$time" in expected) {
    return timeOf(found) === readTime(String(expected["$time"])) ? [] : wrong(`the time ${shown(expected["$time"])}`);
  }
  if ("$seconds" in expected) {
    const seconds = (readTime(String(expected["$seconds"])) ?? Number.NaN) / 1_000;
    const holds = typeof found === "number" && Math.floor(found) === Math.floor(seconds);
    return holds ? [] : wrong(`a number of seconds since the epoch, ${Math.floor(seconds)}`);
  }
  if ("$as" in expected) {
    const before = earlier(expected["$as"] as Path);
    return before !== undefined && before === found ? [] : wrong(`what was answered before, ${shown(before)}`);
  }
  if (!isMembers(found)) return wrong("an object");
  return Object.entries(expected).flatMap(([name, one]) => differences(one, found[name], earlier, [...path, name]));
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Members)[name];
  }
  return at;
}

/** A value in a sentence. */
export function shown(value: unknown): string {
  if (value === undefined) return "not there";
  const text = textOf(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

/** A client in JavaScript may answer with anything, also with what JSON has no form for. */
function textOf(value: unknown): string {
  try {
    const plain: unknown = JSON.stringify(value, (_name, one: unknown) => (typeof one === "bigint" ? `${one}n` : one));
    return typeof plain === "string" ? plain : `a ${typeof value}`;
  } catch {
    return "an object that JSON has no form for";
  }
}

/** Milliseconds since the epoch. */
function timeOf(value: unknown): number | undefined {
  if (types.isDate(value)) return value.getTime();
  if (typeof value === "number") return value * 1_000;
  if (typeof value !== "string") return undefined;
  // Some languages write no Z, but an offset.
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function placeOf(path: Path): string {
  return path.length === 0 ? "it" : path.join(".");
}
