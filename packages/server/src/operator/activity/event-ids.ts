/**
 * The ids of the activity's events: the time of an entry, its request id, and how far the chain of each lane had been read with
 * it. Entries of several lanes are committed side by side, so that one which is older may come later: by time alone, whoever
 * reads on might miss it. By the chains, nothing is missed on whichever server.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { isRequestId } from "../../ledger/ids.ts";

/** Of each lane the number of its entry that was read last; a lane that is not there had not begun. */
export type Positions = ReadonlyMap<string, number>;

export interface EventPlace {
  readonly atMs: EpochMs;
  readonly requestId: string;
  /** Undefined where the id does not say. */
  readonly positions: Positions | undefined;
}

/** A header has 16 KiB with all others. Of more lanes than fit, an id does not tell; it is then gone by time. */
const CHARACTERS_MAX = 4_096;

export function eventIdOf({ atMs, requestId, positions }: EventPlace): string {
  const id = `${atMs}/${requestId}`;
  const lanes = [...(positions ?? [])].map(([lane, seq]) => `${lane}:${seq}`).join(",");
  return lanes === "" || lanes.length > CHARACTERS_MAX - 64 ? id : `${id}/${lanes}`;
}

const ID = /^(-?\d{1,16})\/([0-9a-f-]{36})(?:\/((?:[a-z0-9]{1,16}:\d{1,15})(?:,[a-z0-9]{1,16}:\d{1,15})*))?$/;

/** Undefined for what is no id of an event. */
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
