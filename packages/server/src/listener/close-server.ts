/** Ends a server: what was taken in is answered, and nobody can hold the end up. */
import type { Server } from "node:http";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";

/** Time for requests under way at a stop. Container managers kill ten seconds after they have asked. */
const DRAIN_MS = 5_000;
const IDLE_CHECK_MS = 50;

/** In-flight requests are answered; connections that wait for another request, or never finish one, are closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const closed = (): void => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    };
    server.close(closed);
    // Node closes the connections that are idle now; those that are busy now become idle once they are answered.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
      closed();
    }, DRAIN_MS);
  });
}
