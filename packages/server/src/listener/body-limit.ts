/** The bound on bodies that are held in memory: of operator calls, and of the buy page's form. */
import type { MiddlewareHandler } from "hono";

/**
 * Reads the body to its end and keeps no more of it than `maxBytes`. What is too much is read and dropped: a connection
 * that is answered in the middle of a body is closed a moment later, under whatever the client has sent on it by then.
 * `tooLarge` makes the error that is thrown.
 */
export function limitBody(maxBytes: number, tooLarge: (message: string) => Error): MiddlewareHandler {
  return async (c, next) => {
    const { body } = c.req.raw;
    if (body === null) return next();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    }
    if (bytes > maxBytes) throw tooLarge(`A body has at most ${maxBytes} bytes.`);
    c.req.raw = new Request(c.req.raw, { method: c.req.method, body: Buffer.concat(chunks) });
    return next();
  };
}
