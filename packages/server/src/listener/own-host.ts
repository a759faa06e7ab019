/**
 * The guard against DNS rebinding: a site whose name is made to stand for this machine could read our pages in the
 * operator's browser as its own. Such a name has a dot and an owner, so none of those is answered.
 */
import { isIP } from "node:net";

/** Addresses, `localhost` and what lies below it, names without a dot, and the host that the server was told to bind to. */
export function isOwnHost(hostHeader: string | undefined, boundTo: string): boolean {
  const host = /^(\[[^\]]+\]|[^:]+)(?::\d+)?$/.exec(hostHeader ?? "")?.[1]?.toLowerCase();
  if (host === undefined) return false;
  const bare = host.replaceAll(/[[\]]/g, "");
  return isIP(bare) !== 0 || !host.includes(".") || host.endsWith(".localhost") || host === boundTo.toLowerCase();
}
