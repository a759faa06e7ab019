/** From refusals to the wire: the one place that knows how an error looks there. */
import { JSON_CONTENT_TYPE, errorCatalogue, type ErrorName } from "@countinghouse/protocol";
import type { WireResponse } from "../listener/message.ts";

/**
 * `__type` always stands in the body: one official SDK looks nowhere else. Services of this family write the text's
 * name with a capital letter in a SerializationException, and only there; some send none.
 */
export function errorResponse(code: ErrorName, message: string | undefined, requestId: string): WireResponse {
  const label = code === "SerializationException" ? "Message" : "message";
  const body = message === undefined ? { __type: code } : { __type: code, [label]: message };
  return jsonResponse(errorCatalogue[code].status, JSON.stringify(body), requestId, code);
}

export function jsonResponse(
  status: number,
  body: string | Uint8Array,
  requestId: string,
  code?: ErrorName,
): WireResponse {
  return {
    status,
    headers: { "Content-Type": JSON_CONTENT_TYPE, "x-amzn-RequestId": requestId },
    body,
    code,
  };
}

/** What the family answers where it cannot even tell which service is meant. */
export function notAnOperation(requestId: string): WireResponse {
  return {
    status: 403,
    headers: { "x-amzn-RequestId": requestId },
    body: "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n",
    code: "AccessDeniedException",
  };
}

export function unknownOperationXml(requestId: string): WireResponse {
  return {
    status: 404,
    headers: { "x-amzn-RequestId": requestId },
    body: "<UnknownOperationException/>\n",
    code: "UnknownOperationException",
  };
}

/** The answer to good JSON that was labelled `application/json`. */
export function unknownOperationCoral(requestId: string): WireResponse {
  return {
    status: 404,
    headers: { "Content-Type": "application/json", "x-amzn-RequestId": requestId },
    body: '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
    code: "UnknownOperationException",
  };
}
