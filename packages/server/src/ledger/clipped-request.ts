/**
 * What is kept of a request of which no usage is kept: all of it where it is small, else its beginning, and a digest by which
 * the whole can be known again. Otherwise whoever has a key, permitted anything or not, could fill the disk.
 */
import { createHash } from "node:crypto";
import type { Asked } from "./entry.ts";

/** As JSON. */
export const REQUEST_BYTES_MAX = 8_192;
const TEXT_CHARACTERS_MAX = 512;

/** What a request was that is not kept whole. */
export interface Clipped {
  /** Of the whole request, as JSON in our own form. */
  readonly bytes: number;
  readonly sha256: string;
  /** How many items its lists had, by their names. */
  readonly items: Readonly<Record<string, number>>;
}

/** The members of an event that say what was asked for. */
interface KeptRequest {
  readonly request: Asked;
  readonly clipped?: Clipped | undefined;
}

export function keptRequest(request: Asked): KeptRequest {
  const text = JSON.stringify(request);
  const bytes = Buffer.byteLength(text);
  if (bytes <= REQUEST_BYTES_MAX) return { request };
  const lists = Object.entries(request).filter(([, value]) => Array.isArray(value));
  return {
    request: clip(request, new Room(REQUEST_BYTES_MAX)) as Asked,
    clipped: {
      bytes,
      sha256: createHash("sha256").update(text).digest("hex"),
      items: Object.fromEntries(lists.map(([name, value]) => [name, (value as readonly unknown[]).length])),
    },
  };
}

/** Bytes that may still be written. */
class Room {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Whether there was room for them. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }
}

/** The beginning of a value, in its own order; undefined where there is no room for any of it. */
function clip(value: unknown, room: Room): unknown {
  if (typeof value === "string") {
    const text = value.length > TEXT_CHARACTERS_MAX ? `${value.slice(0, TEXT_CHARACTERS_MAX)}…` : value;
    return room.take(Buffer.byteLength(JSON.stringify(text))) ? text : undefined;
  }
  if (typeof value !== "object" || value === null) {
    return room.take((JSON.stringify(value) ?? "").length) ? value : undefined;
  }
  if (!room.take(BRACKETS_BYTES)) return undefined;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value as readonly unknown[]) {
      const clipped = room.take(COMMA_BYTES) ? clip(item, room) : undefined;
      if (clipped === undefined) break;
      items.push(clipped);
    }
    return items;
  }
  const members: Record<string, unknown> = {};
  // What is found by, such as a product code, is short, and may come last.
  const [short, long] = [false, true].map((isLong) =>
    Object.entries(value).filter(([, member]) => (typeof member === "object") === isLong),
  ) as [[string, unknown][], [string, unknown][]];
  for (const [name, member] of [...short, ...long]) {
    const hasRoom = room.take(Buffer.byteLength(JSON.stringify(name)) + COMMA_BYTES + COLON_BYTES);
    const clipped = hasRoom ? clip(member, room) : undefined;
    if (clipped === undefined && member !== undefined) break;
    members[name] = clipped;
  }
  return members;
}

const BRACKETS_BYTES = 2;
const COMMA_BYTES = 1;
const COLON_BYTES = 1;
