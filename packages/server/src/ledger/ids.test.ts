import { randomUUID } from "node:crypto";
import { BATCH_RECORDS_MAX } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  RECORDS_PER_ENTRY_MAX,
  eventId,
  isRequestId,
  meteringRecordId,
  parseEventId,
  parseMeteringRecordId,
  requestId,
} from "./ids.ts";

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const wallMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const position = fc.nat({ max: RECORDS_PER_ENTRY_MAX - 1 });
const random = fc.uuid({ version: 4 });

describe("a request id", () => {
  test("is a UUID of version 7 that holds its time, and ends in ff", () => {
    fc.assert(
      fc.property(wallMs, random, (ms, uuid) => {
        const id = requestId(ms, uuid);
        expect(id).toMatch(UUID_7);
        expect(id).toMatch(/ff$/);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(ms);
      }),
    );
  });

  test("takes whole milliseconds of a time with a fraction", () => {
    const uuid = randomUUID();
    expect(requestId(1_773_491_400_000.75, uuid)).toBe(requestId(1_773_491_400_000, uuid));
  });

  test("made later sorts later", () => {
    fc.assert(
      fc.property(wallMs, wallMs, random, random, (a, b, uuidA, uuidB) => {
        fc.pre(a < b);
        expect(requestId(a, uuidA) < requestId(b, uuidB)).toBe(true);
      }),
    );
  });

  test("differs from others of the same millisecond", () => {
    const ids = Array.from({ length: 10_000 }, () => requestId(1_773_491_400_000, randomUUID()));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("a request's id is told from its records' ids, and from what is no id of ours", () => {
  const request = requestId(1_773_491_400_000, "8f14e45f-ceea-467f-a9d2-0123456789ab");
  expect(isRequestId(request)).toBe(true);
  for (const other of [meteringRecordId(request, 0), `${request}ff`, request.toUpperCase(), randomUUID(), ""]) {
    expect(isRequestId(other), other).toBe(false);
  }
});

describe("a metering record id", () => {
  test("is a UUID that says of which request it is, and at which position", () => {
    fc.assert(
      fc.property(wallMs, random, position, (ms, uuid, at) => {
        const request = requestId(ms, uuid);
        const id = meteringRecordId(request, at);
        expect(id).toMatch(UUID_7);
        expect(parseMeteringRecordId(id)).toEqual({ requestId: request, position: at });
      }),
    );
  });

  test("differs for every position of a request, and from the ids of the request and its event", () => {
    const request = requestId(1_773_491_400_000, randomUUID());
    const ids = Array.from({ length: RECORDS_PER_ENTRY_MAX }, (_, at) => meteringRecordId(request, at));
    expect(new Set([request, eventId(request), ...ids]).size).toBe(RECORDS_PER_ENTRY_MAX + 2);
  });

  test("there is one for every record that a request may hold (Rule L2)", () => {
    expect(RECORDS_PER_ENTRY_MAX).toBeGreaterThanOrEqual(BATCH_RECORDS_MAX);
  });

  const request = requestId(1_773_491_400_000, "8f14e45f-ceea-467f-a9d2-0123456789ab");
  const strangers: readonly [string, string][] = [
    ["the id of a request", request],
    ["the id of an audit event", eventId(request)],
    ["a UUID of another version", randomUUID()],
    ["capital letters", meteringRecordId(request, 10).toUpperCase()],
    ["something before it", ` ${meteringRecordId(request, 0)}`],
    ["something after it", `${meteringRecordId(request, 0)}\n`],
    ["no dashes", meteringRecordId(request, 0).replaceAll("-", "")],
    ["an empty text", ""],
  ];
  test.each(strangers)("is not read from %s", (_what, text) => {
    expect(parseMeteringRecordId(text)).toBeUndefined();
  });
});

test("an audit event's id is a UUID that says of which request it is, and no other id is taken for one", () => {
  fc.assert(
    fc.property(wallMs, random, position, (ms, uuid, at) => {
      const request = requestId(ms, uuid);
      expect(eventId(request)).toMatch(UUID_7);
      expect(parseEventId(eventId(request))).toBe(request);
      for (const other of [request, meteringRecordId(request, at), uuid, eventId(request).toUpperCase(), ""]) {
        expect(parseEventId(other), other).toBeUndefined();
      }
    }),
  );
});
