/** What servers that are composed here are told: the same as `targets.ts` tells those that are started as they are. */
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
