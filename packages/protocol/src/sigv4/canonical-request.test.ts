import { describe, expect, test } from "vitest";
import {
  canonicalHeaderValue,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  encodeRfc3986,
} from "./canonical-request.ts";

describe("canonicalPath", () => {
  test.each([
    ["", "/"],
    ["/", "/"],
    ["//", "/"],
    ["/a", "/a"],
    ["/a/", "/a/"],
    ["//a///b", "/a/b"],
    ["/./a/./b/.", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/..", "/"],
    ["/a/../", "/"],
    ["/../../a", "/a"],
    ["/...", "/..."],
    ["/%2E%2E/a", "/%252E%252E/a"],
    ["/a%20b", "/a%2520b"],
    ["/a%2Fb", "/a%252Fb"],
    ["/é", "/%C3%A9"],
    ["/!'()*~", "/%21%27%28%29%2A~"],
  ])("writes %j as %j", (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });
});

describe("canonicalQuery", () => {
  test.each([
    ["", ""],
    ["b=2&a=1", "a=1&b=2"],
    ["a=2&a=10&a=", "a=&a=10&a=2"],
    ["a-=1&a=1&A=1", "A=1&a=1&a-=1"],
    ["é=1&z=1", "%C3%A9=1&z=1"],
    ["a", "a="],
    ["=", "="],
    ["&&a=1&", "a=1"],
    ["a=b=c", "a=b%3Dc"],
    ["a=+&b=%2B&c=%20", "a=%2B&b=%2B&c=%20"],
    ["a=%7e%c3%a9", "a=~%C3%A9"],
    ["a=!'()*~", "a=%21%27%28%29%2A~"],
  ])("writes %j as %j", (query, canonical) => {
    expect(canonicalQuery(query)).toBe(canonical);
  });

  test.each([["%zz"], ["%E9"], ["%"]])("leaves %j, which cannot be decoded, as it stands", (value) => {
    expect(canonicalQuery(`a=${value}`)).toBe(`a=%25${value.slice(1)}`);
  });
});

describe("canonicalHeaderValue", () => {
  test.each([
    [undefined, ""],
    [[""], ""],
    [["a"], "a"],
    [["  a  "], "a"],
    [["\ta\t"], "a"],
    [["a  b\t c"], "a b c"],
    [["a\tb"], "a b"],
    [["a\r\n  b"], "a b"],
    [['"a  b"'], '"a b"'],
    [[" \t "], ""],
    [["b", " a ", ""], "b,a,"],
  ])("writes %j as %j", (values, canonical) => {
    expect(canonicalHeaderValue(values)).toBe(canonical);
  });

  test.each([["\u00A0"], ["\u0085"], ["\u2003"], ["\u3000"], ["\uFEFF"], ["\v"], ["\f"]])(
    "leaves %j alone, which is no white space to HTTP",
    (character) => {
      const value = `${character}a${character}${character}b${character}`;
      expect(canonicalHeaderValue([value])).toBe(value);
      expect(canonicalHeaderValue([`  ${value}  `])).toBe(value);
    },
  );
});

test("a signed header that was not sent counts as an empty one", () => {
  const canonical = canonicalRequest({
    method: "POST",
    path: "/",
    query: "",
    headers: new Map(),
    signedHeaders: ["host"],
    payloadHash: "hash",
  });
  expect(canonical).toBe("POST\n/\n\nhost:\n\nhost\nhash");
});

test("signed headers stand in the order in which they were claimed, as often as they were claimed", () => {
  const canonical = canonicalRequest({
    method: "POST",
    path: "/",
    query: "",
    headers: new Map([
      ["a", ["1"]],
      ["b", ["2"]],
      ["c", ["3"]],
    ]),
    signedHeaders: ["b", "a", "b"],
    payloadHash: "hash",
  });
  expect(canonical).toBe("POST\n/\n\nb:2\na:1\nb:2\n\nb;a;b\nhash");
});

test("half a surrogate pair is encoded as the replacement character instead of throwing", () => {
  expect(encodeRfc3986("a\uD800b")).toBe("a%EF%BF%BDb");
});
