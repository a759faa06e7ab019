/**
 * What all nodes go by alike: the catalogue, and where a movable clock stands. Each node holds a copy, with the version
 * that it is of; the database holds the newest version.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { Catalogue, type CatalogueChange } from "../../domain/catalogue.ts";
import type { ClockPosition, StagedGroup } from "../../ledger/engine.ts";
import { DefectError, FaultError } from "../../ledger/ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";

/** The service clock, as far as nodes that share one need it. */
export interface SharedClock {
  readonly mode: "system" | ClockPosition["mode"];
  nowMs(): EpochMs;
  positionAt(toMs: EpochMs): ClockPosition | undefined;
  /** Stands where this node or another has moved the clock to. */
  standAt(position: ClockPosition): void;
}

export interface KeptState {
  readonly version: number;
  readonly clock: ClockPosition | undefined;
  readonly catalogue: readonly CatalogueChange[];
}

/** No part of a ledger is served from. */
export class UnfinishedCopyError extends FaultError {
  constructor(from: string) {
    super(
      `A ledger is being copied into this one, or was, and not to the end: from ${from}. Copy it with --again.`,
      from,
    );
    this.name = "UnfinishedCopyError";
  }
}

interface StateRow {
  readonly version: string;
  readonly clock: string | null;
  readonly copying: string | null;
}

interface CatalogueRow {
  readonly kind: string;
  readonly id: string;
  readonly value: string | null;
  readonly file_digest: string | null;
}

export async function readVersion(db: Queryable): Promise<number> {
  const text = "SELECT version FROM countinghouse.state";
  const { rows } = await db.query<StateRow>({ name: "version", text });
  return Number(stateRow(rows).version);
}

/**
 * To be called where all that is read is of one moment: in one snapshot, or under the lock of the state. Throws
 * UnfinishedCopyError.
 */
export async function readState(db: Queryable): Promise<KeptState> {
  const { rows } = await db.query<StateRow>("SELECT version, clock, copying FROM countinghouse.state");
  const { version, clock, copying } = stateRow(rows);
  if (copying !== null) throw new UnfinishedCopyError(copying);
  const { rows: objects } = await db.query<CatalogueRow>(
    "SELECT kind, id, value, file_digest FROM countinghouse.catalogue ORDER BY kind, id",
  );
  return {
    version: Number(version),
    clock: clock === null ? undefined : (JSON.parse(clock) as ClockPosition),
    catalogue: objects.map(changeOf),
  };
}

/** Under the lock of the state, held alone. */
export async function writeState(db: Queryable, { reset, catalogue, clock }: StagedGroup): Promise<void> {
  // One row an object, the last change of each: an object that was changed twice is written once.
  const newest = [...new Map(catalogue.map((change) => [`${change.kind} ${change.id}`, change])).values()];
  await db.query(
    `INSERT INTO countinghouse.catalogue AS kept (kind, id, value, file_digest)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
     ON CONFLICT (kind, id) DO UPDATE
       SET value = excluded.value, file_digest = coalesce(excluded.file_digest, kept.file_digest)`,
    [
      newest.map(({ kind }) => kind),
      newest.map(({ id }) => id),
      newest.map(({ value }) => (value === undefined ? null : JSON.stringify(value))),
      newest.map((change) => digestOf(change, catalogue)),
    ],
  );
  // What no catalogue file has named leaves nothing behind: resources come and go.
  const gone = newest.filter(({ value }) => value === undefined);
  if (gone.length > 0) {
    await db.query(
      `DELETE FROM countinghouse.catalogue WHERE value IS NULL AND file_digest IS NULL
         AND (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [gone.map(({ kind }) => kind), gone.map(({ id }) => id)],
    );
  }
  await db.query(
    `UPDATE countinghouse.state SET version = version + 1, clock = CASE WHEN $1 THEN $2 ELSE coalesce($2, clock) END`,
    [reset, clock === undefined ? null : JSON.stringify(clock)],
  );
}

export class SharedState {
  readonly #clock: SharedClock;
  #version: number;
  #catalogue: Catalogue;

  constructor(kept: KeptState, clock: SharedClock) {
    this.#version = kept.version;
    this.#catalogue = new Catalogue(kept.catalogue);
    this.#clock = clock;
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get version(): number {
    return this.#version;
  }

  /** Takes over what another node has changed, if that is newer. */
  follow(kept: KeptState): void {
    if (kept.version > this.#version) this.adopt(kept);
  }

  /** Takes over what is so, under the lock of the state: older even, where the database was set back. */
  adopt(kept: KeptState): void {
    if (this.#clock.mode !== "system" && kept.clock !== undefined) {
      if (kept.clock.mode !== this.#clock.mode) {
        throw new DefectError(
          `Another node runs this ledger with --clock ${kept.clock.mode}, this one with ${this.#clock.mode}: all need the same.`,
        );
      }
      this.#clock.standAt(kept.clock);
    }
    this.#version = kept.version;
    this.#catalogue = new Catalogue(kept.catalogue);
  }

  /** Takes over what this node has changed, unless it has followed the database there already. */
  advance(from: number, { reset, catalogue, clock }: StagedGroup): void {
    if (this.#version !== from) return;
    this.#version = from + 1;
    if (reset) this.#catalogue = new Catalogue(catalogue);
    else this.#catalogue.apply(catalogue);
    // Exactly where the others will stand.
    if (clock !== undefined) this.#clock.standAt(clock);
  }
}

/** A change that says nothing of a file leaves what an earlier one of the same group said. */
function digestOf(change: CatalogueChange, all: readonly CatalogueChange[]): string | null {
  if (change.fileDigest !== undefined) return change.fileDigest;
  const earlier = all.findLast(
    ({ kind, id, fileDigest }) => kind === change.kind && id === change.id && fileDigest !== undefined,
  );
  return earlier?.fileDigest ?? null;
}

function stateRow(rows: readonly StateRow[]): StateRow {
  const [row] = rows;
  if (row === undefined) throw new DefectError("The ledger's row of state is missing.");
  return row;
}

function changeOf({ kind, id, value, file_digest: fileDigest }: CatalogueRow): CatalogueChange {
  return {
    kind,
    id,
    value: value === null ? undefined : (JSON.parse(value) as unknown),
    fileDigest: fileDigest ?? undefined,
  } as CatalogueChange;
}
