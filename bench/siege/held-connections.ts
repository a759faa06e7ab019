/** One small request on each connection, and then nothing: whoever held all of them kept everybody else out. */
import type { Attack } from "./attack.ts";
import { silentClients } from "./silent-clients.ts";

const REQUEST = "GET /operator/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";

export const heldConnections: Attack = {
  name: "held connections",
  input: "more connections than there are places, one request of 46 bytes on each; nothing is read",
  begin: ({ endpoint, networkConnectionsMax }, { shares }) =>
    silentClients(endpoint, Math.ceil(networkConnectionsMax * 1.5 * shares), Buffer.from(REQUEST)),
};

export const slowHeaders: Attack = {
  name: "connections that begin a request",
  input: "more connections than there are places, each with the first line of a request and no more",
  begin: ({ endpoint, networkConnectionsMax }, { shares }) =>
    silentClients(endpoint, Math.ceil(networkConnectionsMax * 1.5 * shares), Buffer.from("POST / HTTP/1.1\r\nHo")),
};
