/** The configuration of a market, from what a test says. */
import { readFileSync, statSync } from "node:fs";
import { iso, readTime } from "@countinghouse/protocol";
import type { ClockMode } from "../clock.ts";
import { ConfigError, configOf, type ServeConfig } from "../config.ts";
import { readSnapshot } from "../snapshot/read-snapshot.ts";
import { SNAPSHOT_BYTES_MAX, SnapshotError, type Snapshot } from "../snapshot/snapshot.ts";
import type { MarketOptions } from "./market.ts";

/** Nothing but what the test makes. */
const EMPTY_CATALOGUE = "{}";

/** What the service calls these clocks. */
const CLOCK_MODES: Readonly<Record<string, ClockMode | undefined>> = { stands: "manual", runs: "offset" };

/** Throws ConfigError for options that cannot be. */
export function marketConfig(options: MarketOptions, snapshot?: Pick<Snapshot, "ruleSet">): ServeConfig {
  const { now, clock = "stands", rules = snapshot?.ruleSet ?? "current", quotas = "off", catalogue } = options;
  if (snapshot !== undefined && catalogue !== undefined) {
    throw new ConfigError("startMarket: a snapshot has a catalogue already: give either a snapshot or a catalogue.");
  }
  const mode = CLOCK_MODES[clock];
  if (mode === undefined) throw new ConfigError(`startMarket: clock must be stands or runs; got ${String(clock)}.`);
  return {
    ...configOf({
      host: "127.0.0.1",
      port: "0",
      store: "memory:",
      rules,
      clock: now === undefined ? mode : `${mode}:${timeOf(now)}`,
      quotas,
      freeSpaceMinMib: "0",
      requestTimeoutSeconds: "30",
      queuedRequestsMax: "1024",
      // A test opens as many as it likes: nobody else is to be kept from them.
      networkConnectionsMax: "4096",
    }),
    catalogText: catalogueText(catalogue),
    // Paths in a file are relative to it, and complaints name it.
    catalogFile: typeof catalogue === "string" ? catalogue : undefined,
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
  const atMs = typeof now === "string" ? readTime(now) : now.getTime();
  if (atMs !== undefined && !Number.isNaN(atMs)) return iso(atMs);
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
