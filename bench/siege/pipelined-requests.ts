/** Many requests in one write, with big answers that are never read. */
import type { Attack } from "./attack.ts";
import { BIG_ANSWER_REQUEST, silentClients } from "./silent-clients.ts";

function pipelined(name: string, requests: number, shareOfPlaces: number): Attack {
  return {
    name,
    input: `${requests} times \`GET /operator/openapi.json\` in one write on each connection; no answer is read`,
    begin: ({ endpoint, networkConnectionsMax }, { shares }) =>
      silentClients(
        endpoint,
        Math.ceil(networkConnectionsMax * shareOfPlaces * shares),
        Buffer.from(BIG_ANSWER_REQUEST.repeat(requests)),
      ),
  };
}

/** More requests than may wait behind an answer: the server ends the connection at once. */
export const manyPipelinedRequests = pipelined("many pipelined requests", 1_300, 0.5);
/** As many requests as may wait: they are answered one by one, as far as the client takes the answers. */
export const somePipelinedRequests = pipelined("some pipelined requests", 100, 0.5);
