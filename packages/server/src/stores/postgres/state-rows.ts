/**
 * The rows of the shared state. Each change makes a version and says which objects it changed, so that a node with an earlier
 * version need not read all objects again.
 */
import type { CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import type { ClockPosition, StagedGroup } from "../../ledger/engine.ts";
import { DefectError } from "../../ledger/ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";
import { UnfinishedCopyError, isSameState, type KeptState, type StateId } from "./shared-state.ts";

/** For how many versions the changed objects are kept: those of some minutes, where nodes look twice a second. */
const VERSIONS_KEPT = 1_000;
/** A change of more objects than this makes every node read all objects. */
const OBJECTS_MAX = 1_000;

export interface StateIdRow {
  readonly version: string;
  readonly edition: string;
}

interface StateRow extends StateIdRow {
  readonly clock: string | null;
  readonly copying: string | null;
}

interface CatalogueRow {
  readonly kind: string;
  readonly id: string;
  readonly value: string | null;
  readonly file_digest: string | null;
}

export function stateIdOf({ version, edition }: StateIdRow): StateId {
  return { version: Number(version), edition };
}

export async function readStateId(db: Queryable): Promise<StateId> {
  const text = "SELECT version, state_edition AS edition FROM countinghouse.state";
  const { rows } = await db.query<StateRow>({ name: "state-id", text });
  return stateIdOf(only(rows));
}

/**
 * Reads the whole state, or what has changed since a known one, where the rows tell that. To be called where everything is read
 * as of one moment: in one snapshot, or under the lock of the state. Throws UnfinishedCopyError.
 */
export async function readState(db: Queryable, known?: StateId): Promise<KeptState> {
  const { rows } = await db.query<StateRow>(
    "SELECT version, state_edition AS edition, clock, copying FROM countinghouse.state",
  );
  const row = only(rows);
  if (row.copying !== null) throw new UnfinishedCopyError(row.copying);
  const id = stateIdOf(row);
  const clock = row.clock === null ? undefined : (JSON.parse(row.clock) as ClockPosition);
  const since = known !== undefined && (await isTold(db, known, id)) ? known : undefined;
  const text = since === undefined ? ALL : CHANGED;
  const { rows: objects } = await db.query<CatalogueRow>(text, since === undefined ? [] : [since.version]);
  return { ...id, clock, since, catalogue: objects.map(changeOf) };
}

const ALL = "SELECT kind, id, value, file_digest FROM countinghouse.catalogue ORDER BY kind, id";
/** An object that has been removed has no row, and so no value. */
const CHANGED = `SELECT kind, id, c.value, c.file_digest
  FROM (SELECT DISTINCT kind, id FROM countinghouse.state_change WHERE version > $1 AND kind <> '') changed
  LEFT JOIN countinghouse.catalogue c USING (kind, id) ORDER BY kind, id`;

/** Whether every version after the known one says what it changed. */
async function isTold(db: Queryable, known: StateId, id: StateId): Promise<boolean> {
  if (isSameState(known, id)) return true;
  const { rows } = await db.query<{ versions: string; is_known: boolean | null }>(
    `SELECT count(DISTINCT version) AS versions, bool_or(version = $1 AND edition = $2) AS is_known
     FROM countinghouse.state_change WHERE version BETWEEN $1 AND $3`,
    [known.version, known.edition, id.version],
  );
  return rows[0]?.is_known === true && Number(rows[0].versions) === id.version - known.version + 1;
}

/** To be called while holding the state's lock alone. Answers the new state's id. */
export async function writeState(
  db: Queryable,
  { reset, catalogue, clock }: Pick<StagedGroup, "reset" | "catalogue" | "clock">,
): Promise<StateId> {
  // One row for each object: an object that was changed twice is written once, as its last change says.
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
  // An object that was removed, and that no catalogue file has named, leaves no row.
  const gone = newest.filter(({ value }) => value === undefined);
  if (gone.length > 0) {
    await db.query(
      `DELETE FROM countinghouse.catalogue WHERE value IS NULL AND file_digest IS NULL
         AND (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [gone.map(({ kind }) => kind), gone.map(({ id }) => id)],
    );
  }
  const { rows } = await db.query<StateIdRow>(
    `UPDATE countinghouse.state SET version = version + 1, state_edition = gen_random_uuid(),
       clock = CASE WHEN $1 THEN $2 ELSE coalesce($2, clock) END
     RETURNING version, state_edition AS edition`,
    [reset, clock === undefined ? null : JSON.stringify(clock)],
  );
  const id = stateIdOf(only(rows));
  await tellChanges(db, id, reset || newest.length > OBJECTS_MAX ? undefined : newest);
  return id;
}

/** Notes which objects a version changed; undefined means all. A node of an older version than the notes reads everything. */
async function tellChanges(db: Queryable, id: StateId, changes: readonly CatalogueChange[] | undefined): Promise<void> {
  const before = changes === undefined ? id.version : id.version - VERSIONS_KEPT;
  await db.query("DELETE FROM countinghouse.state_change WHERE version < $1", [before]);
  const told = changes === undefined || changes.length === 0 ? [{ kind: "", id: "" }] : changes;
  await db.query(
    `INSERT INTO countinghouse.state_change (version, edition, kind, id)
     SELECT $1, $2, kind, id FROM unnest($3::text[], $4::text[]) AS told (kind, id)`,
    [id.version, id.edition, told.map(({ kind }) => kind), told.map((change) => change.id)],
  );
}

/** A change that names no file digest keeps the digest that an earlier change in the same group named. */
function digestOf(change: CatalogueChange, all: readonly CatalogueChange[]): string | null {
  if (change.fileDigest !== undefined) return change.fileDigest;
  const earlier = all.findLast(
    ({ kind, id, fileDigest }) => kind === change.kind && id === change.id && fileDigest !== undefined,
  );
  return earlier?.fileDigest ?? null;
}

function only<Row>(rows: readonly Row[]): Row {
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
