/**
 * What is kept of a request whose usage is not kept: a small request is kept whole; of a large one, its beginning is kept, and
 * a digest that identifies the whole. Without this bound, everybody with a key, whatever its policies allow, could fill the
 * disk.
 */
import { createHash } from "node:crypto";
import type { Asked } from "./entry.ts";

/** The largest request that is kept whole, as JSON. */
export const REQUEST_BYTES_MAX = 8_192;
const TEXT_CHARACTERS_MAX = 512;

/** Describes a request that is not kept whole. */
export interface Clipped {
  /** The size of the whole request, as JSON in our own form. */
  readonly bytes: number;
  readonly sha256: string;
  /** The number of items of each list, by the list's name. */
  readonly items: Readonly<Record<string, number>>;
}

/** The members of an event that hold what the caller asked for. */
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

/** Counts the bytes that may still be written. */
class Room {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Answers whether there was room for these bytes. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }
}

/** The beginning of a value, in its own order; undefined where there is no room for any part of it. */
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
  // Short members come first: entries are found by them (the product code), and a request may have them last.
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
