/** Node: `node:crypto`, `node:http`, the environment and the file system. */
import type { BinaryLike, KeyObject } from "node:crypto";
import type { Agent } from "node:http";
import { FetchTransport } from "../transport/fetch.ts";
import { AgentTransport } from "../transport/agent.ts";
import { SocketTransport } from "../transport/sockets.ts";
import type { Cryptography, Platform } from "./platform.ts";
import { processSurroundings } from "./surroundings.ts";

let loaded: typeof import("node:crypto") | undefined;

/** Loaded for the first signature, so that a program starts without waiting for it. */
function nodeCrypto(): typeof import("node:crypto") {
  loaded ??= process.getBuiltinModule("node:crypto");
  return loaded;
}

const nodeCryptography: Cryptography<KeyObject> = {
  sha256Hex: (text) => nodeCrypto().hash("sha256", text, "hex"),
  hmacChain: ([first, ...rest]) => {
    const { createHmac, createSecretKey } = nodeCrypto();
    let key: BinaryLike = first;
    for (const text of rest) key = createHmac("sha256", key).update(text).digest();
    // A key object is made once for a key that is used repeatedly: given bytes, Node would make one at every use.
    return createSecretKey(key as Buffer);
  },
  hmacSha256Hex: (key, text) => nodeCrypto().createHmac("sha256", key).update(text).digest("hex"),
};

export const platform: Platform = {
  runtime: `node/${process.versions.node}`,
  cryptography: nodeCryptography,
  surroundings: processSurroundings,
  transport: ({ agent, fetch, connectionsMax }) => {
    if (fetch !== undefined) return new FetchTransport(fetch);
    return agent === undefined ? new SocketTransport(connectionsMax) : new AgentTransport(agent as Agent);
  },
};
