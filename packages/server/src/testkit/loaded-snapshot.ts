/** A market that begins where a lab stood: its snapshot put in place, at the start and by each `restore()`. */
import { iso } from "@countinghouse/protocol";
import type { Service } from "../compose.ts";
import { ConfigError } from "../config.ts";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { keptRegistrationKeys } from "../operations/registration-keys.ts";
import { catalogueOf, loadSnapshot } from "../snapshot/load-snapshot.ts";
import { SnapshotError, type Snapshot } from "../snapshot/snapshot.ts";
import { momentOf } from "./known-members.ts";
import { callOf } from "./own-call.ts";
import type { MarketOptions, SnapshotKey } from "./market.ts";

export interface LoadedSnapshot {
  readonly accessKeys: readonly SnapshotKey[];
  /** What the snapshot's catalogue comes to here. */
  readonly catalogue: readonly CatalogueChange[];
  /** Puts it in place once more, with this catalogue. */
  readonly load: (catalogue: readonly CatalogueChange[]) => Promise<void>;
}

/** Throws ConfigError for a snapshot that cannot be put in place, and for a time before it. */
export async function loadedSnapshot(
  service: Service,
  snapshot: Snapshot,
  now: MarketOptions["now"],
): Promise<LoadedSnapshot> {
  const { ledger, clock, operator: context } = service;
  const startMs = now === undefined ? snapshot.savedAtMs : momentOf(now);
  if (startMs === undefined || startMs < snapshot.savedAtMs) {
    throw new ConfigError(
      `startMarket: the snapshot stands at ${iso(snapshot.savedAtMs)}, and now must not be before that.`,
    );
  }
  try {
    const { changes, madeKeys } = catalogueOf(snapshot, ledger.catalogue, context);
    const load: LoadedSnapshot["load"] = (catalogue) =>
      loadSnapshot({
        ledger,
        clock,
        call: callOf(service, "LoadSnapshot"),
        snapshot: { ...snapshot, savedAtMs: startMs },
        catalogueAfter: (before) => [...catalogue, ...keptRegistrationKeys(before)],
        madeKeys,
        ontoEmpty: false,
        beforeReplaced: () => context.keeping.beforeReset(),
      });
    await load(changes);
    return { accessKeys: madeKeys, catalogue: changes, load };
  } catch (error) {
    throw error instanceof SnapshotError ? new ConfigError(`startMarket: ${error.message}`) : error;
  }
}
