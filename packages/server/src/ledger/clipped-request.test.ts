import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REQUEST_BYTES_MAX, keptRequest } from "./clipped-request.ts";
import type { Asked } from "./entry.ts";

const requests = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 20 });
const large = fc.record({
  productCode: fc.string(),
  usageRecords: fc.array(
    fc.record({ dimension: fc.string({ minLength: 200, maxLength: 900, unit: "grapheme" }), quantity: fc.nat() }),
    {
      minLength: 10,
      maxLength: 60,
    },
  ),
});

const requestOf = (bytes: number): Asked => {
  const short = { dryRun: true, texts: Array.from({ length: 20 }, () => "x".repeat(400)) };
  return { ...short, productCode: "p".repeat(bytes - JSON.stringify({ ...short, productCode: "" }).length) };
};

describe("what is kept of a request of which no usage is kept", () => {
  test("is all of it where it is small", () => {
    fc.assert(
      fc.property(requests, (request) => {
        if (Buffer.byteLength(JSON.stringify(request)) > REQUEST_BYTES_MAX) return;
        expect(keptRequest(request)).toEqual({ request });
      }),
    );
  });

  test("is all of it up to so many bytes, and its beginning from one more on", () => {
    expect(keptRequest(requestOf(REQUEST_BYTES_MAX))).toEqual({ request: requestOf(REQUEST_BYTES_MAX) });
    expect(keptRequest(requestOf(REQUEST_BYTES_MAX + 1)).clipped?.bytes).toBe(REQUEST_BYTES_MAX + 1);
  });

  test("is never more than it may be, and is the beginning of each of its parts", () => {
    fc.assert(
      fc.property(fc.oneof(requests, large), (request: Asked) => {
        const { request: kept } = keptRequest(request);
        expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(REQUEST_BYTES_MAX);
        expect(isBeginning(kept, request)).toBe(true);
      }),
    );
  });

  test("says how large the whole was, how long its lists, and a digest of it", () => {
    const record = { dimension: "gb_ingested", quantity: 3, customerIdentifier: "c".repeat(255) };
    const request = { productCode: "acme", usageRecords: Array.from({ length: 1_000 }, () => record) };
    const { request: kept, clipped } = keptRequest(request);
    expect(kept).toMatchObject({ productCode: "acme" });
    const { usageRecords } = kept as { usageRecords: unknown[] };
    expect(usageRecords.length).toBeGreaterThan(20);
    expect(usageRecords[0]).toEqual(record);
    expect(clipped).toEqual({
      bytes: JSON.stringify(request).length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      items: { usageRecords: 1_000 },
    });
    expect(keptRequest({ ...request, productCode: "acmf" }).clipped?.sha256).not.toBe(clipped?.sha256);
  });
});

function isBeginning(part: unknown, whole: unknown): boolean {
  if (typeof part === "string" && typeof whole === "string") {
    return part === whole || (part.endsWith("…") && whole.startsWith(part.slice(0, -1)));
  }
  if (Array.isArray(part) && Array.isArray(whole)) return part.every((item, i) => isBeginning(item, whole[i]));
  if (typeof part === "object" && part !== null && typeof whole === "object" && whole !== null) {
    return Object.entries(part).every(([name, value]) => isBeginning(value, (whole as Record<string, unknown>)[name]));
  }
  return Object.is(part, whole);
}
