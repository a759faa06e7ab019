import * as fc from "fast-check";
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import {
  clientTokenKey,
  customerOf,
  hourOf,
  isAlias,
  keyOf,
  keyText,
  type MeteringRecordKey,
} from "./metering-record.ts";

const HOUR = Date.UTC(2026, 6, 14, 12) / HOUR_MS;

const key: MeteringRecordKey = {
  hour: 1,
  region: "r",
  offering: "o",
  customer: "c",
  dimension: "d",
  discriminator: "",
};

describe("a metering record's key (Rule K1)", () => {
  test("is made of hour, region, offering, customer as identified, and dimension", () => {
    const record = { timestampMs: HOUR * HOUR_MS + 1, customerIdentifier: "anna", dimension: "gb" };
    expect(keyOf(record, "logs", "us-east-1")).toEqual({
      hour: HOUR,
      region: "us-east-1",
      offering: "logs",
      customer: "identifier:anna",
      dimension: "gb",
      discriminator: "",
    });
  });

  test("has the licence for its offering, where there is one", () => {
    const record = { timestampMs: 0, customerAccountId: "1", dimension: "gb", licenseArn: "arn:licence" };
    expect(keyOf(record, undefined, "us-east-1").offering).toBe("arn:licence");
    expect(keyOf(record, "logs", "us-east-1").offering).toBe("arn:licence");
  });

  test.each([
    [0, HOUR],
    [1, HOUR],
    [HOUR_MS - 1, HOUR],
    [HOUR_MS, HOUR + 1],
    [-1, HOUR - 1],
  ])("counts hours in UTC: %d ms from twelve o'clock", (offsetMs, hour) => {
    expect(hourOf(HOUR * HOUR_MS + offsetMs)).toBe(hour);
  });

  test("counts hours before the epoch downwards", () => {
    expect([hourOf(-1), hourOf(-HOUR_MS), hourOf(-HOUR_MS - 1)]).toEqual([-1, -1, -2]);
  });

  test("keeps the two ways to name a customer apart, whatever the names are", () => {
    const names = [
      customerOf({ customerIdentifier: "1" }),
      customerOf({ customerAccountId: "1" }),
      customerOf({ customerIdentifier: "account:1" }),
      customerOf({ customerIdentifier: "" }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test("has a text of its own", () => {
    const others: MeteringRecordKey[] = [
      { ...key, hour: 11 },
      { ...key, region: "r2" },
      { ...key, offering: "o2" },
      { ...key, customer: "c2" },
      { ...key, dimension: "d2" },
      { ...key, discriminator: "x" },
      { ...key, customer: "d", dimension: "c" },
    ];
    expect(new Set([key, ...others].map(keyText)).size).toBe(others.length + 1);
  });

  test("of a client token is one for each token, and a text that every store holds as it is", () => {
    const ofResource = { ...key, discriminator: "resource:a" };
    const discriminatorOf = (token: string): string => clientTokenKey(ofResource, token).discriminator;
    const odd = fc.constantFrom("\0", "\ud800", "\udc00", "\ufffd", "\n", ":", "\\u0000", "a");
    const token = fc.oneof(
      fc.array(odd, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
      fc.string(),
    );
    fc.assert(
      fc.property(token, token, (one, other) => {
        const text = discriminatorOf(one);
        expect(Buffer.from(text).toString()).toBe(text);
        expect(text).not.toContain("\0");
        expect(text === discriminatorOf(other)).toBe(one === other);
        const escaped = JSON.stringify(one);
        expect([text, `token:json:resource:a:${escaped}`]).not.toContain(discriminatorOf(escaped));
        expect(isAlias({ ...key, discriminator: text })).toBe(true);
      }),
    );
  });
});
