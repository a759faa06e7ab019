/** Turns refusals into answers on the wire; only this file knows how an error looks there. */
import { JSON_CONTENT_TYPE, errorCatalogue, type ErrorName } from "@countinghouse/protocol";
import type { WireResponse } from "../listener/message.ts";

/**
 * The body always holds `__type`, because one official SDK looks nowhere else. Services of this family write `Message` with a
 * capital letter in a SerializationException, and only there; some send no text.
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

/** The answer of this family of services where even the service cannot be recognised. */
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

/** The answer to valid JSON that was labelled `application/json`. */
export function unknownOperationCoral(requestId: string): WireResponse {
  return {
    status: 404,
    headers: { "Content-Type": "application/json", "x-amzn-RequestId": requestId },
    body: '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
    code: "UnknownOperationException",
  };
}
