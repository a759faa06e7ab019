/** Times as they are typed: an hour such as `2026-11-29T10Z`, or an instant with a zone. */
import { readInstant } from "../domain/time.ts";

const HOUR = /^(\d{4}-\d\d-\d\dT\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)$/;

/** Throws a `TypeError`, which says what is expected, for a text that is none. */
export function instantOf(text: string): Date {
  const atMs = readInstant(
    text.replace(
      HOUR,
      (_all, hour: string, minute: string | undefined, zone: string) => `${hour}:${minute ?? "00"}:00${zone}`,
    ),
  );
  if (atMs === undefined) {
    throw new TypeError(
      `${JSON.stringify(text)} is no time with a zone; expected one such as 2026-11-29T10:15:00Z, or an hour such as 2026-11-29T10Z.`,
    );
  }
  return new Date(atMs);
}
