/**
 * Smithy RPC v2 CBOR: the path names the operation; input and output are CBOR. The listener has already set the header that
 * names the protocol on every answer (`rpc-request.ts`). Source: the protocol's specification.
 */
import {
  CBOR_CONTENT_TYPE,
  RPC_V2_CBOR,
  SMITHY_PROTOCOL_HEADER,
  errorCatalogue,
  printable,
  type ErrorName,
} from "@countinghouse/protocol";
import { mediaTypeOf } from "../request-call.ts";
import type { WireRequest, WireResponse } from "../../listener/message.ts";
import type { WireOperation } from "../wire-operation.ts";
import { CborError, decodeCbor, encodeCbor } from "./cbor.ts";
import { STRANGER_BODY_BYTES_MAX, Unreadable, type ReadRequest, type Refusal, type WireProtocol } from "./protocol.ts";
import { rpcNamesOf } from "../../listener/rpc-request.ts";

/** The namespace of errors that are not a service's own. */
const COMMON_NAMESPACE = "com.amazon.coral.service";

export function rpcV2Cbor(operations: readonly WireOperation[]): WireProtocol {
  const byNames: ReadonlyMap<string, WireOperation> = new Map(
    operations.flatMap((operation) =>
      operation.rpcServices.map((service) => [`${service}/${operation.name}`, operation] as const),
    ),
  );
  const read = (request: WireRequest): ReadRequest | (Refusal & { readonly operation?: WireOperation }) => {
    const names = rpcNamesOf(request.path);
    const misnamed = misnaming(request);
    if (misnamed !== undefined) return { code: "UnknownOperationException", message: misnamed };
    const operation = names === undefined ? undefined : byNames.get(`${names.service}/${names.operation}`);
    if (operation === undefined) {
      const what =
        names === undefined
          ? "The path names none"
          : `${printable(names.service)} has no ${printable(names.operation)}`;
      return { code: "UnknownOperationException", message: `${what}: it is /service/{service}/operation/{operation}.` };
    }
    const mislabelled = mislabelling(request);
    if (mislabelled !== undefined) return { code: "SerializationException", message: mislabelled, operation };
    const input = request.body.length > STRANGER_BODY_BYTES_MAX ? undefined : parse(request.body);
    if (!(input instanceof Unreadable)) return { operation, input };
    return { code: "SerializationException", message: input.message, operation };
  };
  return {
    codecOf: (operation) => operation.cbor,
    read: (request, requestId) => {
      const found = read(request);
      return "code" in found ? cborRefusal(found, requestId, found.operation) : found;
    },
    parse,
    answer: (body, requestId) => response(200, body, requestId),
    refuse: cborRefusal,
  };
}

function misnaming({ headers }: WireRequest): string | undefined {
  // The specification demands this refusal: two services could take the request for different operations.
  for (const name of ["x-amz-target", "x-amzn-target"]) {
    if (headers.has(name))
      return `A request of Smithy RPC v2 names its operation in its path, and has no ${name} header.`;
  }
  const protocol = headers.get(SMITHY_PROTOCOL_HEADER)?.join(",");
  if (protocol === RPC_V2_CBOR) return undefined;
  const found = protocol === undefined ? "it is missing" : `it is '${printable(protocol)}'`;
  return `The ${SMITHY_PROTOCOL_HEADER} header must be '${RPC_V2_CBOR}'; ${found}.`;
}

/** A body must have a content type; a request without a body need not. */
function mislabelling(request: WireRequest): string | undefined {
  const given = request.headers.get("content-type")?.join(",");
  if (mediaTypeOf(request) === CBOR_CONTENT_TYPE || (request.body.length === 0 && given === undefined))
    return undefined;
  const found = given === undefined ? "it is missing" : `it is '${printable(given)}'`;
  return `The content-type header must be '${CBOR_CONTENT_TYPE}'; ${found}.`;
}

/** Reads a CBOR map, or a list, which the shapes then refuse. An empty body is a structure without members. Rule D4. */
function parse(body: Uint8Array): object | Unreadable {
  if (body.length === 0) return {};
  try {
    const value = decodeCbor(body);
    return typeof value === "object" && value !== null ? value : new Unreadable("The body must hold one CBOR map.");
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    return new Unreadable(`The body is no CBOR that can be taken: ${printable(error.message)}.`);
  }
}

export function cborRefusal(
  { code, message }: Refusal,
  requestId: string,
  operation: WireOperation | undefined,
): WireResponse {
  const type = `${operation?.namespace ?? COMMON_NAMESPACE}#${code}`;
  const body = encodeCbor(message === undefined ? { __type: type } : { __type: type, message });
  return response(errorCatalogue[code].status, body, requestId, code);
}

function response(status: number, body: string | Uint8Array, requestId: string, code?: ErrorName): WireResponse {
  return { status, headers: { "Content-Type": CBOR_CONTENT_TYPE, "x-amzn-RequestId": requestId }, body, code };
}
