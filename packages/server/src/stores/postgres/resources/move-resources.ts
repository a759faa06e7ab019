/** Moves the resources from the catalogue into a table of their own. */
import { decodeResource, putResource, stagedResource } from "../../../ledger/resource-facts.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import { writeResources } from "./write-resources.ts";

const ROWS_AT_ONCE = 1_000;
const SELECT = `SELECT id, value FROM countinghouse.catalogue
  WHERE kind = 'resource' AND value IS NOT NULL AND id > $1 ORDER BY id LIMIT ${ROWS_AT_ONCE}`;

/** To be called in the migration's transaction. */
export async function moveResources(db: Queryable): Promise<void> {
  let after = "";
  for (;;) {
    const { rows } = await db.query<{ readonly id: string; readonly value: string }>(SELECT, [after]);
    const last = rows.at(-1);
    if (last === undefined) break;
    const moved = rows.map(({ value }) => stagedResource(putResource(decodeResource(value))));
    await writeResources(db, moved, new Map());
    after = last.id;
  }
  await db.query("DELETE FROM countinghouse.catalogue WHERE kind = 'resource'");
}
