/**
 * The ids of the activity's events: the time of an entry, its request id, and the positions of all lanes' chains after it.
 * Lanes commit side by side, so an older entry may be committed later, and a reader that goes on by time alone might miss it.
 * With the positions it misses nothing, on any server.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { isRequestId } from "../../ledger/ids.ts";

/** For each lane, the number of the entry that was read last; a missing lane had not begun. */
export type Positions = ReadonlyMap<string, number>;

export interface EventPlace {
  readonly atMs: EpochMs;
  readonly requestId: string;
  /** Undefined where the id holds none. */
  readonly positions: Positions | undefined;
}

/** All headers together may have 16 KiB. An id with too many lanes leaves the positions out; readers then go on by time. */
const CHARACTERS_MAX = 4_096;

export function eventIdOf({ atMs, requestId, positions }: EventPlace): string {
  const id = `${atMs}/${requestId}`;
  const lanes = [...(positions ?? [])].map(([lane, seq]) => `${lane}:${seq}`).join(",");
  return lanes === "" || lanes.length > CHARACTERS_MAX - 64 ? id : `${id}/${lanes}`;
}

const ID = /^(-?\d{1,16})\/([0-9a-f-]{36})(?:\/((?:[a-z0-9]{1,16}:\d{1,15})(?:,[a-z0-9]{1,16}:\d{1,15})*))?$/;

/** Undefined where the text is not the id of an event. */
export function parseEventId(text: string): EventPlace | undefined {
  if (text.length > CHARACTERS_MAX) return undefined;
  const [, atMs, requestId, lanes] = ID.exec(text) ?? [];
  if (atMs === undefined || requestId === undefined || !isRequestId(requestId)) return undefined;
  const positions = lanes === undefined ? undefined : positionsIn(lanes);
  return { atMs: Number(atMs), requestId, positions };
}

function positionsIn(lanes: string): Positions {
  return new Map(
    lanes.split(",").map((text): [string, number] => {
      const [lane = "", seq] = text.split(":");
      return [lane, Number(seq)];
    }),
  );
}
