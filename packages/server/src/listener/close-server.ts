/** Closes a server: the requests that were taken in are answered, and no client can delay the end. */
import type { Server } from "node:http";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";

/** How long requests under way have when the server stops. Container managers kill a server ten seconds after the signal. */
const DRAIN_MS = 5_000;
const IDLE_CHECK_MS = 50;

/** Answers the requests under way; closes connections that wait for another request, or never finish one. */
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
    // Node closes only the connections that are idle at this moment; busy ones become idle after their answers.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
      closed();
    }, DRAIN_MS);
  });
}
