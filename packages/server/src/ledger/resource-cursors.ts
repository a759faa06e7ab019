/** Cursors of resource listings: the id to go on after, or the due time and id to go on after. */
import type { EpochMs } from "@countinghouse/protocol";
import { InvalidCursorError } from "./ledger.ts";

export function idCursor(id: string): string {
  return Buffer.from(id).toString("base64url");
}

/** Throws InvalidCursorError. */
export function readIdCursor(cursor: string): string {
  const id = Buffer.from(cursor, "base64url").toString();
  // No resource id has other characters, and some stores could not hold them.
  if (!/^[\x20-\x7e]{1,200}$/.test(id)) throw new InvalidCursorError();
  return id;
}

type DuePlace = readonly [dueAtMs: EpochMs, resourceId: string];

export function dueCursor([dueAtMs, resourceId]: DuePlace): string {
  return Buffer.from(`${dueAtMs} ${resourceId}`).toString("base64url");
}

/** Throws InvalidCursorError. */
export function readDueCursor(cursor: string): DuePlace {
  const [, dueAtMs, resourceId] =
    /^(-?\d{1,16}) ([\x20-\x7e]{1,200})$/.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (dueAtMs === undefined || resourceId === undefined) throw new InvalidCursorError();
  return [Number(dueAtMs), resourceId];
}
