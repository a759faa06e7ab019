/**
 * Writes the resources that a group changes. Reading a resource locks nothing. The writer names the revision that it read;
 * where the row has another revision by now, another group was first, and this group is decided again.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { StagedResource } from "../../../ledger/resource-facts.ts";
import { bigints, texts } from "../arrays.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import type { FoundResources } from "./find-resources.ts";

const COLUMNS = "value, platform, account, products, stopped_at_ms, due_at_ms";
const GIVEN = `unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
  AS given (id, revision, value, platform, account, products, stopped_at_ms, due_at_ms)`;

/** A time, and not the same number for all: a resource that was forgotten and is back is not the one that somebody has read. */
const FIRST_REVISION = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

const INSERT = `INSERT INTO countinghouse.resource (id, revision, ${COLUMNS})
  SELECT id, ${FIRST_REVISION}, value, platform, account, products::jsonb, stopped_at_ms, due_at_ms FROM ${GIVEN}
  ON CONFLICT DO NOTHING`;

const UPDATE = `UPDATE countinghouse.resource kept SET revision = given.revision + 1, value = given.value,
    platform = given.platform, account = given.account, products = given.products::jsonb,
    stopped_at_ms = given.stopped_at_ms, due_at_ms = given.due_at_ms
  FROM ${GIVEN} WHERE kept.id = given.id AND kept.revision = given.revision`;

const DELETE = `DELETE FROM countinghouse.resource kept USING unnest($1::text[], $2::bigint[]) AS given (id, revision)
  WHERE kept.id = given.id AND kept.revision = given.revision`;

/** Answers false where another group has changed one of them first; then the transaction must be rolled back. */
export async function writeResources(
  db: Queryable,
  changes: readonly StagedResource[],
  found: FoundResources,
): Promise<boolean> {
  // The order is the same on every node, so groups that write the same resources wait for each other, and never in a circle.
  const sorted = changes.toSorted((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
  const isKnown = ({ resourceId }: StagedResource): boolean => found.has(resourceId);
  const kept = sorted.filter((change) => change.kept !== undefined);
  const parts = [
    { name: "insert-resources", text: INSERT, of: kept.filter((change) => !isKnown(change)) },
    { name: "update-resources", text: UPDATE, of: kept.filter(isKnown) },
    {
      name: "delete-resources",
      text: DELETE,
      of: sorted.filter((change) => change.kept === undefined && isKnown(change)),
    },
  ].filter(({ of }) => of.length > 0);
  const written = await Promise.all(
    parts.map(async ({ name, text, of }) => {
      const named = [texts(of.map(({ resourceId }) => resourceId)), bigints(of.map((one) => revisionOf(one, found)))];
      const { rowCount } = await db.query({
        name,
        text,
        values: text === DELETE ? named : [...named, ...columnsOf(of)],
      });
      return rowCount === of.length;
    }),
  );
  return written.every((isWritten) => isWritten);
}

/** The revision that was read; 0, which is before the first revision, for a resource that was not there. */
function revisionOf({ resourceId }: StagedResource, found: FoundResources): bigint {
  return found.get(resourceId)?.revision ?? 0n;
}

function columnsOf(changes: readonly StagedResource[]): Buffer[] {
  const rows = changes.flatMap(({ kept }) => kept ?? []);
  return [
    texts(rows.map(({ value }) => value)),
    texts(rows.map(({ platform }) => platform)),
    texts(rows.map(({ accountId }) => accountId)),
    texts(rows.map(({ productCodes }) => JSON.stringify(productCodes))),
    times(rows.map(({ stoppedAtMs }) => stoppedAtMs)),
    times(rows.map(({ dueAtMs }) => dueAtMs)),
  ];
}

function times(atMs: readonly (EpochMs | undefined)[]): Buffer {
  return bigints(atMs.map((time) => (time === undefined ? null : BigInt(time))));
}
