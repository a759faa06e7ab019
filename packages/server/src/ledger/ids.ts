/**
 * Ids. A request id is a UUID (version 7: it begins with the time it was made, so that ids made later sort later and
 * their index grows at its end); its last byte is `ff`. The metering records of a request have its id with their
 * position in that byte, and its audit event has `fe` there: nothing need be kept for them, and an id says which call
 * it came from.
 */
import { hash } from "node:crypto";
import type { EpochMs } from "@countinghouse/protocol";
import type { Platform } from "../domain/resources/metered-resource.ts";

/** The most records one entry can hold, since positions share a byte with the request's `ff` and its event's `fe`. */
export const RECORDS_PER_ENTRY_MAX = 254;

/** `random` is a version-4 UUID, of which 66 random bits are used. */
export function requestId(wallMs: EpochMs, random: string): string {
  const time = Math.floor(wallMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15, 34)}ff`;
}

/** The id of the record at a position (from 0) of a request. */
export function meteringRecordId(ofRequest: string, position: number): string {
  return ofRequest.slice(0, 34) + BYTES[position];
}

/** The request and position that a metering record id stands for, or undefined where it cannot be one of ours. */
export function parseMeteringRecordId(id: string): { requestId: string; position: number } | undefined {
  if (!UUID_7.test(id)) return undefined;
  const position = Number.parseInt(id.slice(34), 16);
  return position < RECORDS_PER_ENTRY_MAX ? { requestId: `${id.slice(0, 34)}ff`, position } : undefined;
}

/** The id of a request's audit event. */
export function eventId(ofRequest: string): string {
  return `${ofRequest.slice(0, 34)}fe`;
}

/** The request whose audit event an id stands for, or undefined where it cannot be one of ours. */
export function parseEventId(id: string): string | undefined {
  return UUID_7.test(id) && id.endsWith("fe") ? `${id.slice(0, 34)}ff` : undefined;
}

/** Whether an id can be a request's, rather than a metering record's or no id of ours. */
export function isRequestId(id: string): boolean {
  return UUID_7.test(id) && id.endsWith("ff");
}

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const BYTES = Array.from({ length: RECORDS_PER_ENTRY_MAX }, (_, i) => i.toString(16).padStart(2, "0"));

/** The id of a metered resource: always the same for the same one, whoever tells of it. */
export function resourceId(platform: Platform, externalId: string): string {
  return `${platform}-${hash("sha256", `${platform}\n${externalId}`, "hex").slice(0, 32)}`;
}
