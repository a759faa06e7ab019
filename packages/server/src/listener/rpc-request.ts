/** Requests of Smithy RPC v2, told from all others by their path or by the header that names their protocol. Rule D6. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { RPC_V2_CBOR, SMITHY_PROTOCOL_HEADER } from "@countinghouse/protocol";
import type { WireRequest } from "./message.ts";

/** The last four segments count; what an endpoint has before them does not. */
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

/** The same, of a request that has just arrived. */
export function isRpcMessage({ url = "/", headers }: IncomingMessage): boolean {
  if (headers[SMITHY_PROTOCOL_HEADER] !== undefined) return true;
  return url !== "/" && rpcNamesOf(url.split("?", 1)[0] as string) !== undefined;
}

/** Whatever will be answered, clients look for this first; to be called before anything is. */
export function tellProtocol(request: IncomingMessage, response: ServerResponse): void {
  if (isRpcMessage(request)) response.setHeader("Smithy-Protocol", RPC_V2_CBOR);
}
