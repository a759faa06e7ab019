/** Clients that send requests and never read the answers. */
import { connect, type Socket } from "node:net";
import type { Standing } from "./attack.ts";

/** A small request with a large answer. */
export const BIG_ANSWER_REQUEST = "GET /operator/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";

/** How many connections are opened at once: few, so that the backlog of unaccepted connections is not what is tested. */
const OPENING_AT_ONCE = 64;

/** Opens this many connections and sends the same bytes on each. A connection that the server ends is not opened again. */
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
  // A paused socket notices a reset only when it writes or reads, so it writes now and then.
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
