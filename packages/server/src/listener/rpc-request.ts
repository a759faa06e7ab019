/** Recognises requests of Smithy RPC v2 by their path, or by the header that names their protocol. Rule D6. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { RPC_V2_CBOR, SMITHY_PROTOCOL_HEADER } from "@countinghouse/protocol";
import type { WireRequest } from "./message.ts";

/** Only the last four segments count; an endpoint may have more before them. */
const RPC_PATH = /\/service\/([^/]+)\/operation\/([^/]+)$/;

interface RpcNames {
  readonly service: string;
  readonly operation: string;
}

export function rpcNamesOf(path: string): RpcNames | undefined {
  const found = RPC_PATH.exec(path);
  return found === null ? undefined : { service: found[1] as string, operation: found[2] as string };
}

export function isRpcRequest({ path, headers }: WireRequest): boolean {
  return headers.has(SMITHY_PROTOCOL_HEADER) || (path !== "/" && rpcNamesOf(path) !== undefined);
}

/** The same, for a request that has just arrived. */
export function isRpcMessage({ url = "/", headers }: IncomingMessage): boolean {
  if (headers[SMITHY_PROTOCOL_HEADER] !== undefined) return true;
  return url !== "/" && rpcNamesOf(url.split("?", 1)[0] as string) !== undefined;
}

/** Clients look for this header in every answer; to be called before any answer is written. */
export function tellProtocol(request: IncomingMessage, response: ServerResponse): void {
  if (isRpcMessage(request)) response.setHeader("Smithy-Protocol", RPC_V2_CBOR);
}
