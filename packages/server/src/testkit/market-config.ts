/** The configuration of a market, from what a test says. */
import { readFileSync, statSync } from "node:fs";
import { iso } from "@countinghouse/protocol";
import { ConfigError, configOf, type ServeConfig } from "../config.ts";
import { readSnapshot } from "../snapshot/read-snapshot.ts";
import { SNAPSHOT_BYTES_MAX, SnapshotError, type Snapshot } from "../snapshot/snapshot.ts";
import { momentOf, refuseUnknown } from "./known-members.ts";
import type { MarketOptions } from "./market.ts";

/** Nothing but what the test makes. */
const EMPTY_CATALOGUE = "{}";

const OPTIONS: readonly (keyof MarketOptions)[] = ["now", "rules", "catalogue", "snapshot", "unexpectedCalls"];

/** Throws ConfigError for options that cannot be, and TypeError for those that there are not. */
export function marketConfig(options: MarketOptions, snapshot?: Pick<Snapshot, "ruleSet">): ServeConfig {
  refuseUnknown("startMarket", options, OPTIONS);
  const { now, rules = snapshot?.ruleSet ?? "current", catalogue } = options;
  const { unexpectedCalls = "error" } = options;
  if (unexpectedCalls !== "error" && unexpectedCalls !== "ignore") {
    throw new ConfigError(`startMarket: unexpectedCalls must be error or ignore; got ${String(unexpectedCalls)}.`);
  }
  if (snapshot !== undefined && catalogue !== undefined) {
    throw new ConfigError("startMarket: a snapshot has a catalogue already: give either a snapshot or a catalogue.");
  }
  const start = now === undefined ? undefined : timeOf(now);
  return {
    ...configOf({
      host: "127.0.0.1",
      port: "0",
      store: "memory:",
      rules,
      clock: start === undefined ? "manual" : `manual:${start}`,
      quotas: "off",
      freeSpaceMinMib: "0",
      requestTimeoutSeconds: "30",
      queuedRequestsMax: "1024",
      // A test opens as many as it likes: nobody else is to be kept from them.
      networkConnectionsMax: "4096",
    }),
    catalogText: catalogueText(catalogue),
  };
}

/** The snapshot of a file. Throws ConfigError. */
export async function snapshotOf(file: string): Promise<Snapshot> {
  try {
    if (statSync(file).size > SNAPSHOT_BYTES_MAX) throw new SnapshotError("It is too long for a snapshot.");
    return await readSnapshot(readFileSync(file));
  } catch (error) {
    const why =
      error instanceof SnapshotError ? error.message : `It cannot be read (${(error as NodeJS.ErrnoException).code}).`;
    throw new ConfigError(`startMarket: the snapshot ${file}: ${why}`);
  }
}

function timeOf(now: string | Date): string {
  const atMs = momentOf(now);
  if (atMs !== undefined) return iso(atMs);
  throw new ConfigError(`startMarket: now must be a time such as 2026-03-15T10:30:00Z; got ${String(now)}.`);
}

function catalogueText(catalogue: MarketOptions["catalogue"]): string {
  if (catalogue === undefined) return EMPTY_CATALOGUE;
  if (typeof catalogue === "object") return JSON.stringify(catalogue);
  try {
    return readFileSync(catalogue, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`startMarket: the catalogue file ${catalogue} cannot be read (${code}).`);
  }
}
