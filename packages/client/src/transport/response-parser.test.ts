import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedAnswer, ResponseParser } from "./response-parser.ts";

/** Parses bytes in pieces that are cut at these places; answers what was read, and whether the connection can be used again. */
function read(
  bytes: Buffer,
  cuts: readonly number[] = [],
): { status: number; text: string; keepsAlive: boolean } | undefined {
  const parser = new ResponseParser();
  const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
  let done = false;
  for (let i = 1; i < places.length; i += 1) done = parser.take(bytes.subarray(places[i - 1], places[i]));
  if (!done && !parser.end()) return undefined;
  const { status, text } = parser.answer();
  return { status, text, keepsAlive: parser.keepsAlive };
}

const answer = (head: string, body: string | Buffer = ""): Buffer =>
  Buffer.concat([Buffer.from(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);

const chunked = (body: Buffer, sizes: readonly number[]): Buffer => {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, body.length]) {
    const part = body.subarray(at, at + Math.max(1, size));
    if (part.length > 0) parts.push(Buffer.from(`${part.length.toString(16)};x=y\r\n`), part, Buffer.from("\r\n"));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\nTrailer: x\r\n\r\n")]);
};

describe("an answer is read, however it is cut into pieces:", () => {
  const pieces = fc.array(fc.nat(5_000), { maxLength: 6 });
  const text = fc.string({ unit: "grapheme", maxLength: 300 });

  test("of a length", () => {
    fc.assert(
      fc.property(text, pieces, (body, cuts) => {
        const bytes = answer(`HTTP/1.1 200 OK\nContent-Length: ${Buffer.byteLength(body)}\nDate: x`, body);
        expect(read(bytes, cuts)).toEqual({ status: 200, text: body, keepsAlive: true });
      }),
    );
  });

  test("of chunks", () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), pieces, (body, sizes, cuts) => {
        const bytes = answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", chunked(Buffer.from(body), sizes));
        expect(read(bytes, cuts)).toEqual({ status: 200, text: body, keepsAlive: true });
      }),
    );
  });

  test("that ends with the connection", () => {
    fc.assert(
      fc.property(text, pieces, (body, cuts) => {
        expect(read(answer("HTTP/1.0 400 Bad Request", body), cuts)).toEqual({
          status: 400,
          text: body,
          keepsAlive: false,
        });
      }),
    );
  });
});

describe("an answer", () => {
  test("may come after an interim one", () => {
    const bytes = Buffer.concat([answer("HTTP/1.1 100 Continue"), answer("HTTP/1.1 200 OK\nContent-Length: 2", "{}")]);
    expect(read(bytes)).toMatchObject({ status: 200, text: "{}" });
  });

  test("may have no body", () => {
    expect(read(answer("HTTP/1.1 204 No Content"))).toEqual({ status: 204, text: "", keepsAlive: true });
    expect(read(answer("HTTP/1.1 413 Too Large\nContent-Length: 0"))).toMatchObject({ status: 413, text: "" });
  });

  test("may be the last of its connection", () => {
    const bytes = answer("HTTP/1.1 200 OK\nConnection: Close\nContent-Length: 2", "{}");
    expect(read(bytes)).toMatchObject({ text: "{}", keepsAlive: false });
  });

  test("that is cut off is none", () => {
    expect(read(answer("HTTP/1.1 200 OK\nContent-Length: 3", "{}"))).toBeUndefined();
    expect(read(answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "2\r\n{}\r\n"))).toBeUndefined();
    expect(read(Buffer.from("HTTP/1.1 200 OK\r\n"))).toBeUndefined();
  });
});

describe("a connection is given up on", () => {
  const table: readonly (readonly [string, Buffer])[] = [
    ["what is no HTTP", answer("SSH-2.0-OpenSSH")],
    ["two lengths", answer("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3", "{}")],
    ["a length and chunks", answer("HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked", "{}")],
    ["a coding that is not known", answer("HTTP/1.1 200 OK\nTransfer-Encoding: gzip", "{}")],
    ["a length that is no number", answer("HTTP/1.1 200 OK\nContent-Length: -2", "{}")],
    ["a length beyond measure", answer("HTTP/1.1 200 OK\nContent-Length: 99999999999")],
    ["more than was said", answer("HTTP/1.1 200 OK\nContent-Length: 2", "{}HTTP/1.1 200 OK")],
    ["more than the last chunk", answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "0\r\n\r\nHTTP/1.1")],
    ["a chunk without a size", answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "x\r\n")],
    ["a header that is none", answer("HTTP/1.1 200 OK\nContent Length: 2", "{}")],
    ["a head without end", Buffer.alloc(70_000, "x")],
  ];
  test.each(table)("for %s", (_what, bytes) => {
    expect(() => read(bytes)).toThrow(MalformedAnswer);
  });
});
