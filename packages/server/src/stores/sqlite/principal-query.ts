/** The principals of entries, in the order of their names; a step costs the same however many entries a principal has. */
import type { DatabaseSync } from "node:sqlite";

/** The first principal after one text and before another. */
export function readPrincipalBetween(db: DatabaseSync, after: string, before: string): string | undefined {
  const sql = `SELECT text FROM name
    WHERE text > ? AND text < ? AND EXISTS (SELECT 1 FROM entry WHERE principal = name.id) ORDER BY text LIMIT 1`;
  return db.prepare(sql).get(after, before)?.["text"] as string | undefined;
}
