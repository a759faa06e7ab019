/** The bound on request bodies of the operator API and of the buy page's form, which are held in memory. */
import type { MiddlewareHandler } from "hono";

/**
 * Reads the body to its end and keeps at most `maxBytes` of it. The rest is read and dropped: a connection that is answered in
 * the middle of a body is closed soon after, and would cut off whatever the client has sent by then. `tooLarge` makes the error
 * that is thrown.
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
