/** What a test asks for is an object of named members. One that is misspelt would be left out, and the test would say less than it seems to. */

/** Throws TypeError for what is no such object, and for a member that is none of these. */
export function refuseUnknown(what: string, given: unknown, known: readonly string[]): void {
  const names = known.join(", ");
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${what} must be an object with some of ${names}; got ${String(given)}`);
  }
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) throw new TypeError(`${what} has no member ${stray}; it has ${names}`);
}
