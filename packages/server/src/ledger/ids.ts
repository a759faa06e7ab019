/**
 * Ids. A request id is a UUID of version 7: it begins with the time at which it was made, so that later ids sort later and
 * their index grows at its end. Its last byte is `ff`. A metering record's id is the id of its request with the record's
 * position in that byte, and the id of the request's audit event has `fe` there. So nothing need be kept for these ids, and an
 * id says which call it came from.
 */
import { hash } from "node:crypto";
import type { EpochMs } from "@countinghouse/protocol";
import type { Platform } from "../domain/resources/metered-resource.ts";

/** The last byte of an id holds a record's position, the request's `ff` or the event's `fe`: this many positions are left. */
export const RECORDS_PER_ENTRY_MAX = 254;

/** `random` is a version-4 UUID; 66 of its random bits are used. */
export function requestId(wallMs: EpochMs, random: string): string {
  const time = Math.floor(wallMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15, 34)}ff`;
}

/** The id of the record at a position (from 0) of a request. */
export function meteringRecordId(ofRequest: string, position: number): string {
  return ofRequest.slice(0, 34) + BYTES[position];
}

/** The request and position of a metering record id; undefined where this server cannot have made the id. */
export function parseMeteringRecordId(id: string): { requestId: string; position: number } | undefined {
  if (!UUID_7.test(id)) return undefined;
  const position = Number.parseInt(id.slice(34), 16);
  return position < RECORDS_PER_ENTRY_MAX ? { requestId: `${id.slice(0, 34)}ff`, position } : undefined;
}

export function eventId(ofRequest: string): string {
  return `${ofRequest.slice(0, 34)}fe`;
}

/** The request of an audit event's id; undefined where this server cannot have made the id. */
export function parseEventId(id: string): string | undefined {
  return UUID_7.test(id) && id.endsWith("fe") ? `${id.slice(0, 34)}ff` : undefined;
}

/** Whether an id can be a request's id, rather than a metering record's id or an id from elsewhere. */
export function isRequestId(id: string): boolean {
  return UUID_7.test(id) && id.endsWith("ff");
}

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const BYTES = Array.from({ length: RECORDS_PER_ENTRY_MAX }, (_, i) => i.toString(16).padStart(2, "0"));

/** The id of a metered resource. It is always the same for one resource, whichever source tells of it. */
export function resourceId(platform: Platform, externalId: string): string {
  return `${platform}-${hash("sha256", `${platform}\n${externalId}`, "hex").slice(0, 32)}`;
}
