/**
 * What pages of other sites are let do on the wire: everything, for what is asked is signed, and no browser signs of itself.
 * A preflight says so, and so does every answer to a request with an origin, of whichever kind: without it the page would not
 * be told what came of its request. As Kinesis was seen to do it.
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

/** Whatever will be answered; to be called before anything is. `Date` is what SDKs set their clocks by. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined) return;
  response.setHeader("Access-Control-Allow-Origin", ANY_ORIGIN["Access-Control-Allow-Origin"]);
  response.setHeader(
    "Access-Control-Expose-Headers",
    isRpcMessage(request) ? "x-amzn-RequestId,Date,Smithy-Protocol" : "x-amzn-RequestId,Date",
  );
}
