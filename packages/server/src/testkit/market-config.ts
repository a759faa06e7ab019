/** The configuration of a market, from what a test says. */
import { readFileSync, statSync } from "node:fs";
import { iso } from "@countinghouse/protocol";
import { ConfigError, configOf, type ServeConfig } from "../config.ts";
import { asJson } from "./as-json.ts";
import { readSnapshot } from "../snapshot/read-snapshot.ts";
import { SNAPSHOT_BYTES_MAX, SnapshotError, type Snapshot } from "../snapshot/snapshot.ts";
import { momentOf, refuseUnknown } from "./known-members.ts";
import type { MarketOptions } from "./market.ts";

/** What the service calls these clocks. */
const CLOCK_MODES: Readonly<Record<string, "manual" | "offset" | undefined>> = { stands: "manual", runs: "offset" };

const OPTIONS: readonly (keyof MarketOptions)[] = [
  "now",
  "clock",
  "rules",
  "quotas",
  "catalogue",
  "snapshot",
  "unexpectedCalls",
];

/** Throws ConfigError for options that cannot be, and TypeError for those that there are not. */
export function marketConfig(options: MarketOptions, snapshot?: Pick<Snapshot, "ruleSet">): ServeConfig {
  refuseUnknown("startMarket", options, OPTIONS);
  const { now, clock = "stands", rules = snapshot?.ruleSet ?? "current", quotas = "off", catalogue = {} } = options;
  const { unexpectedCalls = "error" } = options;
  if (unexpectedCalls !== "error" && unexpectedCalls !== "ignore") {
    throw new ConfigError(`startMarket: unexpectedCalls must be error or ignore; got ${String(unexpectedCalls)}.`);
  }
  if (snapshot !== undefined && options.catalogue !== undefined) {
    throw new ConfigError("startMarket: a snapshot has a catalogue already: give either a snapshot or a catalogue.");
  }
  const mode = CLOCK_MODES[clock];
  if (mode === undefined) throw new ConfigError(`startMarket: clock must be stands or runs; got ${clock}.`);
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
    ...(typeof catalogue === "string"
      ? // Paths in a file are relative to it, and complaints name it.
        { catalogFile: catalogue, catalogText: textOf(catalogue) }
      : { catalogObject: asJson(catalogue) }),
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

function textOf(catalogue: string): string {
  try {
    return readFileSync(catalogue, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`startMarket: the catalogue file ${catalogue} cannot be read (${code}).`);
  }
}
