/** A value as a file would have it: without members that are undefined, and with times as texts. */
export function asJson(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
