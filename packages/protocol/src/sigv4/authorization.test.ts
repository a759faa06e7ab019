import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAmzDate, parseAmzDate, parseAuthorization, type AuthorizationParts } from "./authorization.ts";

const algorithm = "AWS4-HMAC-SHA256";
const credential = "AKIDEXAMPLE/20150830/us-east-1/aws-marketplace/aws4_request";
const signedHeaders = "host;x-amz-date";
const signature = "5fa00fa3";

const full = `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
const parts: AuthorizationParts = { algorithm, credential, signedHeaders, signature };

describe("parseAuthorization reads", () => {
  const table: readonly [string, string, AuthorizationParts][] = [
    ["a whole header", full, parts],
    ["parts without spaces between them", full.replaceAll(", ", ","), parts],
    ["parts with more spaces and tabs around them", full.replaceAll(", ", " \t,\t  "), parts],
    [
      "parts in another order",
      `${algorithm} Signature=${signature}, Credential=${credential}, SignedHeaders=${signedHeaders}`,
      parts,
    ],
    ["a header with unknown parts", `${full}, Other=1`, parts],
    ["a header with a part that has no value sign", `${full}, Signature`, parts],
    [
      "a header of one word, which is the algorithm whatever it looks like",
      "Credential=x",
      { algorithm: "Credential=x" },
    ],
    ["a header with empty parts", `${algorithm} ,, ,`, { algorithm }],
    ["a value that has an equals sign itself", `${algorithm} Signature=a=b=`, { algorithm, signature: "a=b=" }],
    ["a part that was given empty as missing", `${algorithm} Credential=, Signature= `, { algorithm }],
    ["names in another case as unknown", `${algorithm} credential=a, SIGNATURE=b`, { algorithm }],
    ["the algorithm alone", algorithm, { algorithm }],
    ["the algorithm with nothing behind it", `${algorithm} `, { algorithm }],
    ["another algorithm", "Basic dXNlcjpwYXNz", { algorithm: "Basic" }],
    ["an empty header", "", { algorithm: "" }],
    ["a header that begins with a space as one without an algorithm", ` ${algorithm}`, { algorithm: "" }],
    [
      "parts that have the names of what every object has as unknown",
      `${algorithm} __proto__=a, constructor=b`,
      { algorithm },
    ],
  ];
  test.each(table)("%s", (_, header, expected) => {
    expect(parseAuthorization(header)).toStrictEqual(expected);
  });
});

describe("parseAmzDate", () => {
  test.each([
    ["20150830T123600Z", Date.UTC(2015, 7, 30, 12, 36)],
    ["19700101T000000Z", 0],
    ["20240229T235959Z", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["20000229T000000Z", Date.UTC(2000, 1, 29)],
    ["99991231T235959Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
    ["00000101T000000Z", Date.parse("0000-01-01T00:00:00Z")],
  ])("reads %j", (text, time) => {
    expect(parseAmzDate(text)).toBe(time);
  });

  test.each([
    ["an empty text", ""],
    ["a date alone", "20150830"],
    ["the extended format", "2015-08-30T12:36:00Z"],
    ["the format of the Date header", "Sun, 30 Aug 2015 12:36:00 GMT"],
    ["a missing Z", "20150830T123600"],
    ["an offset in place of the Z", "20150830T123600+0000"],
    ["a small t or z", "20150830t123600z"],
    ["a fraction of a second", "20150830T123600.000Z"],
    ["space before it", " 20150830T123600Z"],
    ["a line feed behind it", "20150830T123600Z\n"],
    ["a thirteenth month", "20151330T123600Z"],
    ["month nought", "20150030T123600Z"],
    ["day nought", "20150800T123600Z"],
    ["a thirty-first of April", "20150431T123600Z"],
    ["a 29th of February in a year that has none", "20150229T000000Z"],
    ["a 29th of February in 1900", "19000229T000000Z"],
    ["hour 24, which would be another day's", "20150830T240000Z"],
    ["minute 60", "20150830T126000Z"],
    ["a leap second", "20150630T235960Z"],
    ["digits of another script", "２０１５0830T123600Z"],
    ["a negative year", "-0150830T123600Z"],
  ])("refuses %s", (_, text) => {
    expect(parseAmzDate(text)).toBeUndefined();
  });

  test("gives back every whole second that formatAmzDate wrote", () => {
    const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, fc.nat({ max: 999 }), (second, ms) => {
        expect(parseAmzDate(formatAmzDate(second * 1_000 + ms))).toBe(second * 1_000);
      }),
    );
  });
});
