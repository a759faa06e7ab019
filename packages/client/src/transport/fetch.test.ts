/** How an answer from `fetch` is read. */
import { expect, test } from "vitest";
import { FetchTransport } from "./fetch.ts";
import { ANSWER_BYTES_MAX, type TransportAnswer } from "./transport.ts";

const url = new URL("http://127.0.0.1:9");
const LIMITS = { connectTimeoutMs: 10_000, timeoutMs: 10_000, signal: undefined } as const;

function answered(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Promise<TransportAnswer> {
  const transport = new FetchTransport(() => Promise.resolve(new Response(body)));
  return transport.send({ method: "POST", url, headers: [], body: "{}", ...LIMITS });
}

test("an answer without an end is read to the bound, and no further", async () => {
  const piece = new Uint8Array(1_048_576);
  let pieces = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (stream) => {
      pieces += 1;
      if (pieces > 100) stream.close();
      else stream.enqueue(piece);
    },
    cancel: () => void (cancelled = true),
  });
  await expect(answered(endless)).rejects.toMatchObject({ message: "The answer is too large.", maySucceed: true });
  expect(pieces * piece.length).toBeLessThanOrEqual(ANSWER_BYTES_MAX + 2 * piece.length);
  expect(cancelled).toBe(true);
});

test("characters that are cut between two pieces are whole, and no body is an empty text", async () => {
  const bytes = new TextEncoder().encode('{"a":"ä€😀"}');
  const byBytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (stream) => {
      for (const byte of bytes) stream.enqueue(Uint8Array.of(byte));
      stream.close();
    },
  });
  expect((await answered(byBytes)).text).toBe('{"a":"ä€😀"}');
  expect((await answered(null)).text).toBe("");
});
