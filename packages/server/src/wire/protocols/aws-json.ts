/**
 * AWS JSON 1.1: `X-Amz-Target` names the operation. Refusals before authentication come in the order in which services of this
 * family were seen to refuse.
 */
import { isUtf8 } from "node:buffer";
import { JSON_CONTENT_TYPE } from "@countinghouse/protocol";
import { mediaTypeOf } from "../request-call.ts";
import {
  errorResponse,
  jsonResponse,
  notAnOperation,
  unknownOperationCoral,
  unknownOperationXml,
} from "../wire-error.ts";
import type { WireOperation } from "../wire-operation.ts";
import { STRANGER_BODY_BYTES_MAX, Unreadable, type WireProtocol } from "./protocol.ts";

export function awsJson(operations: readonly WireOperation[]): WireProtocol {
  /** By the whole target: prefixes may contain full stops, and two services may have operations of one name. */
  const byTarget: ReadonlyMap<string, WireOperation> = new Map(
    operations.flatMap((operation) =>
      [operation.target, operation.otherTarget ?? operation.target].map((target) => [target, operation] as const),
    ),
  );
  return {
    codecOf: (operation) => operation.json,
    read: (request, requestId) => {
      const target = request.headers.get("x-amz-target")?.join(",");
      const operation = target === undefined ? undefined : byTarget.get(target);
      if (request.body.length === 0) {
        const code = operation === undefined ? "UnknownOperationException" : "SerializationException";
        return errorResponse(code, undefined, requestId);
      }
      const mediaType = mediaTypeOf(request);
      if (mediaType !== JSON_CONTENT_TYPE && mediaType !== "application/json") {
        return target === undefined ? notAnOperation(requestId) : unknownOperationXml(requestId);
      }
      const input = request.body.length > STRANGER_BODY_BYTES_MAX ? undefined : parseJson(request.body);
      if (input instanceof Unreadable) return errorResponse("SerializationException", input.message, requestId);
      if (mediaType !== JSON_CONTENT_TYPE) return unknownOperationCoral(requestId);
      if (operation === undefined) return errorResponse("UnknownOperationException", undefined, requestId);
      return { operation, input };
    },
    parse: parseJson,
    answer: (body, requestId) => jsonResponse(200, body, requestId),
    refuse: ({ code, message }, requestId) => errorResponse(code, message, requestId),
  };
}

const NOT_JSON = new Unreadable();

/** A JSON object or array. Rule D4. */
function parseJson(body: Uint8Array): object | Unreadable {
  if (!isUtf8(body)) return NOT_JSON;
  try {
    const json: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    return typeof json === "object" && json !== null ? json : NOT_JSON;
  } catch {
    return NOT_JSON;
  }
}
