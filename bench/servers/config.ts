/** The configuration of servers that are composed here: the same as `targets.ts` gives to servers of their own. */
import { configOf, type ServeConfig } from "../../packages/server/src/config.ts";

export function benchConfig(folder: string, catalog: string): ServeConfig {
  return configOf({
    host: "127.0.0.1",
    port: "0",
    store: `sqlite:${folder}`,
    catalog,
    rules: "current",
    clock: "system",
    quotas: "off",
    freeSpaceMinMib: "0",
    requestTimeoutSeconds: "30",
    queuedRequestsMax: "1024",
  });
}
