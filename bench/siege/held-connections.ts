/** One small request on each connection, and then nothing: without bounds, these connections would keep everybody else out. */
import type { Attack } from "./attack.ts";
import { BIG_ANSWER_REQUEST, silentClients } from "./silent-clients.ts";

export const heldConnections: Attack = {
  name: "held connections",
  input: "more connections than there are places, one request of 46 bytes on each; nothing is read",
  begin: ({ endpoint, networkConnectionsMax }, { shares }) =>
    silentClients(endpoint, Math.ceil(networkConnectionsMax * 1.5 * shares), Buffer.from(BIG_ANSWER_REQUEST)),
};

export const slowHeaders: Attack = {
  name: "connections that begin a request",
  input: "more connections than there are places, each with the first line of a request and no more",
  begin: ({ endpoint, networkConnectionsMax }, { shares }) =>
    silentClients(endpoint, Math.ceil(networkConnectionsMax * 1.5 * shares), Buffer.from("POST / HTTP/1.1\r\nHo")),
};
