/** Refusals of requests whose operation is not looked for, in the protocol of the request. */
import type { IncomingMessage } from "node:http";
import { errorResponse } from "../wire-error.ts";
import type { WireResponse } from "../../listener/message.ts";
import type { Refusal } from "./protocol.ts";
import { isRpcMessage } from "../../listener/rpc-request.ts";
import { cborRefusal } from "./rpc-v2-cbor.ts";

/** For a request for which there is no room. */
export const BUSY: Refusal = { code: "ThrottlingException", message: "Rate exceeded" };

/** For a request whose answer finds no room. */
export const WITHHELD: Refusal = {
  code: "InternalServiceErrorException",
  message: "There is no room for the answer; the request may have been done. Send it again, unchanged.",
};

export function refusalOf(request: IncomingMessage, refusal: Refusal, requestId: string): WireResponse {
  if (isRpcMessage(request)) return cborRefusal(refusal, requestId, undefined);
  return errorResponse(refusal.code, refusal.message, requestId);
}
