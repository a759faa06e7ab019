/**
 * The state that all nodes share: the catalogue, and the position of a movable clock. Each node holds a copy and the copy's
 * version; the database holds the newest version.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { Catalogue, type CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import { settingDifferences, type SharedSettings } from "../../domain/shared-settings.ts";
import type { ClockPosition, StagedGroup } from "../../ledger/engine.ts";
import { DefectError, FaultError } from "../../ledger/ledger.ts";

/** The service clock, as far as nodes that share its position need it. */
export interface SharedClock {
  readonly mode: "system" | ClockPosition["mode"];
  nowMs(): EpochMs;
  positionAt(toMs: EpochMs): ClockPosition | undefined;
  /** Puts the clock where this node or another node has moved it. */
  standAt(position: ClockPosition): void;
}

/** Names one state. Two states may have the same version after the database was set back; then their editions differ. */
export interface StateId {
  readonly version: number;
  readonly edition: string;
}

export interface KeptState extends StateId {
  readonly clock: ClockPosition | undefined;
  /** Absent where `catalogue` is the whole catalogue; otherwise `catalogue` is what has changed since this state. */
  readonly since?: StateId | undefined;
  readonly catalogue: readonly CatalogueChange[];
}

export function isSameState(a: StateId, b: StateId): boolean {
  return a.version === b.version && a.edition === b.edition;
}

/** The ledger is an unfinished copy; no server serves from it. */
export class UnfinishedCopyError extends FaultError {
  constructor(from: string) {
    super(
      `A ledger is being copied into this one, or was, and not to the end: from ${from}. Copy it with --again.`,
      from,
    );
    this.name = "UnfinishedCopyError";
  }
}

export class SharedState {
  readonly #clock: SharedClock;
  #id: StateId;
  #catalogue: Catalogue;

  constructor(kept: KeptState, clock: SharedClock) {
    this.#id = idOf(kept);
    this.#catalogue = new Catalogue(kept.catalogue);
    this.#clock = clock;
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get id(): StateId {
    return this.#id;
  }

  /**
   * Adopts a state, even an older one where the database was set back. Answers false, and adopts nothing, where `kept` holds
   * the changes since another state than this node's.
   */
  adopt(kept: KeptState): boolean {
    if (kept.since !== undefined && !isSameState(kept.since, this.#id)) return false;
    if (this.#clock.mode !== "system" && kept.clock !== undefined) {
      if (kept.clock.mode !== this.#clock.mode) {
        throw new DefectError(
          `Another node runs this ledger with --clock ${kept.clock.mode}, this one with ${this.#clock.mode}: all need the same.`,
        );
      }
      this.#clock.standAt(kept.clock);
    }
    const before = this.#catalogue.sharedSettings();
    if (kept.since === undefined) this.#catalogue = new Catalogue(kept.catalogue);
    else this.#catalogue.apply(kept.catalogue);
    this.#id = idOf(kept);
    refuseOtherSettings(before, this.#catalogue.sharedSettings());
    return true;
  }

  /** Adopts what this node has changed, unless the node has read that from the database already. */
  advance(from: StateId, to: StateId, { reset, catalogue, clock }: StagedGroup): void {
    if (!isSameState(this.#id, from)) return;
    this.#id = to;
    if (reset) this.#catalogue = new Catalogue(catalogue);
    else this.#catalogue.apply(catalogue);
    // Gives this clock exactly the position that the other nodes will read.
    if (clock !== undefined) this.#clock.standAt(clock);
  }
}

/** Refuses settings that have changed since this server started: it would go on with the old ones. */
function refuseOtherSettings(before: SharedSettings | undefined, after: SharedSettings | undefined): void {
  if (before === undefined || after === undefined) return;
  const [changed] = settingDifferences(after, before);
  if (changed === undefined) return;
  throw new DefectError(
    `The servers of this ledger are to run with --${changed.setting} ${changed.kept}, this one runs with ${changed.told}: start it anew.`,
  );
}

function idOf({ version, edition }: StateId): StateId {
  return { version, edition };
}
