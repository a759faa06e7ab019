/** Moves the resources from the catalogue into a table of their own. */
import type { DatabaseSync } from "node:sqlite";
import { decodeResource, putResource, stagedResource } from "../../../ledger/resource-facts.ts";
import { PUT_RESOURCE, resourceRow } from "../resource-rows.ts";

export function moveResources(db: DatabaseSync): void {
  const put = db.prepare(PUT_RESOURCE);
  const rows = db.prepare("SELECT value FROM catalogue WHERE kind = 'resource' AND value IS NOT NULL").all();
  for (const { value } of rows) put.run(...resourceRow(stagedResource(putResource(decodeResource(String(value))))));
  db.exec("DELETE FROM catalogue WHERE kind = 'resource'");
}
