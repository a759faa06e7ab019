/**
 * The guard against DNS rebinding. A site can make its own name stand for this machine, and then read our pages in the
 * operator's browser. Such a name has a dot and an owner, so names of that kind are refused.
 */
import { isIP } from "node:net";

/** Accepts addresses, `localhost` and names below it, names without a dot, and the host to which the server was told to bind. */
export function isOwnHost(hostHeader: string | undefined, boundTo: string): boolean {
  const host = /^(\[[^\]]+\]|[^:]+)(?::\d+)?$/.exec(hostHeader ?? "")?.[1]?.toLowerCase();
  if (host === undefined) return false;
  const bare = host.replaceAll(/[[\]]/g, "");
  return isIP(bare) !== 0 || !host.includes(".") || host.endsWith(".localhost") || host === boundTo.toLowerCase();
}
