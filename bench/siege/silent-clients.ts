/** Clients that send, and never read what they are answered. */
import { connect, type Socket } from "node:net";
import type { Standing } from "./attack.ts";

/** Small itself, and answered with much. */
export const BIG_ANSWER_REQUEST = "GET /operator/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";

/** At once, so that the server's backlog of connections that are not accepted yet is not what is tried. */
const OPENING_AT_ONCE = 64;

/** Opens so many connections and sends the same bytes on each; one that the server ends is not opened again. */
export async function silentClients(endpoint: string, count: number, bytes: Buffer): Promise<Standing> {
  const { hostname, port } = new URL(endpoint);
  const sockets: Socket[] = [];
  let sentBytes = 0;
  let ended = 0;
  const open = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      sockets.push(socket);
      socket.pause();
      socket.on("connect", () => {
        socket.write(bytes, () => (sentBytes += bytes.length));
        resolve();
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        ended += 1;
        resolve();
      });
    });
  for (let opened = 0; opened < count; opened += OPENING_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(OPENING_AT_ONCE, count - opened) }, open));
  }
  // A paused socket learns of a reset only where it writes or reads: it is asked now and then.
  const asking = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write("");
  }, 200);
  return {
    sentBytes: () => sentBytes,
    opened: () => sockets.length,
    ended: () => ended,
    lift: () => {
      clearInterval(asking);
      for (const socket of sockets) socket.destroy();
    },
  };
}
