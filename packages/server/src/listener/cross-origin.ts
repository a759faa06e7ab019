/**
 * Pages of other sites may do everything on the wire: requests must be signed, and no browser signs by itself. Preflights are
 * answered so, and every answer to a request with an origin carries the header, errors included; otherwise the page could not
 * read it. Kinesis was seen to do the same.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isRpcMessage } from "./rpc-request.ts";
import type { WireResponse } from "./message.ts";

const ANY_ORIGIN = { "Access-Control-Allow-Origin": "*" } as const;

export function preflight(requestId: string): WireResponse {
  return {
    status: 200,
    headers: {
      "x-amzn-RequestId": requestId,
      ...ANY_ORIGIN,
      "Access-Control-Allow-Methods": "POST",
      "Access-Control-Allow-Headers": "*,Authorization,Content-Type,X-Amz-Date,X-Amz-Security-Token,X-Amz-Target",
      "Access-Control-Max-Age": "172800",
    },
    body: "",
  };
}

/** To be called before any answer is written. `Date` is exposed because SDKs set their clocks by it. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined) return;
  response.setHeader("Access-Control-Allow-Origin", ANY_ORIGIN["Access-Control-Allow-Origin"]);
  response.setHeader(
    "Access-Control-Expose-Headers",
    isRpcMessage(request) ? "x-amzn-RequestId,Date,Smithy-Protocol" : "x-amzn-RequestId,Date",
  );
}
