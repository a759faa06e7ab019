import type { UsageRecord } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { START_MS, anyEntry } from "../../testing/entries.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import type { LedgerEntry, LedgerEvent, DecidedRecord } from "./entry.ts";
import { DefectError } from "./ledger.ts";

describe("an entry", () => {
  test("comes back from its encoding as it was, whatever its event", () => {
    fc.assert(
      fc.property(anyEntry, (given) => {
        const encoded = encodeEntry(given);
        expect(decodeEntry(encoded)).toEqual(given);
        expect(encodeEntry(decodeEntry(encoded))).toEqual(encoded);
      }),
      { numRuns: 400 },
    );
  });

  test("keeps an absent quantity apart from a quantity of nought, and no allocations from none given", () => {
    const bare: UsageRecord = { timestampMs: 0, dimension: "d", customerAccountId: "1" };
    const records = [bare, { ...bare, quantity: 0 }, { ...bare, usageAllocations: [] }].map(
      (record): DecidedRecord => ({ usageRecord: record, status: "Success", keptAs: undefined }),
    );
    const decoded = decodeEntry(encodeEntry(entryOf({ kind: "usage-metered", records })));
    expect(decoded.event).toStrictEqual({ kind: "usage-metered", productCode: undefined, records });
  });

  test("is small: names are written once", () => {
    const records = Array.from({ length: 25 }, (_, i): DecidedRecord => ({
      usageRecord: {
        timestampMs: START_MS + i,
        dimension: "d".repeat(50),
        customerIdentifier: "c".repeat(50),
      },
      status: "Success",
    }));
    expect(encodeEntry(entryOf({ kind: "usage-metered", productCode: "p", records })).body.length).toBeLessThan(700);
  });

  test("is text that any store can hold: no lone surrogates, no zero bytes", () => {
    const { body } = encodeEntry(
      entryOf({ kind: "registration-token-issued", agreementId: "\ud800 \0", expiresAtMs: 0 }),
    );
    expect(body.isWellFormed()).toBe(true);
    expect(body).not.toContain("\0");
  });

  test.each([
    ["of a version that is not known", JSON.stringify({ v: 2, call: {}, event: { kind: "ledger-reset" } })],
    ["that is no JSON", '{"v":1,'],
    ["that is no object", "null"],
    ["without an event", '{"v":1,"call":{}}'],
    ["of usage without records", '{"v":1,"call":{},"event":{"kind":"usage-metered"}}'],
  ])("%s is a defect", (_what, body) => {
    expect(() => decodeEntry({ requestId: "the-id", atMs: 0, body })).toThrow(DefectError);
    expect(() => decodeEntry({ requestId: "the-id", atMs: 0, body })).toThrow("the-id");
  });
});

function entryOf(of: LedgerEvent): LedgerEntry {
  const by = { operation: "Any", principal: "operator", sourceAddress: "", userAgent: "" };
  return { atMs: 0, call: { requestId: "0199a1b2-0000-7000-8000-0000000000ff", ...by }, event: of };
}
