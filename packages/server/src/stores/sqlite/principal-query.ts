/** The principals of entries, one after the other in the order of their names: however many entries each has. */
import type { DatabaseSync } from "node:sqlite";

/** The first one after a text and before another. */
export function readPrincipalBetween(db: DatabaseSync, after: string, before: string): string | undefined {
  const sql = `SELECT text FROM name
    WHERE text > ? AND text < ? AND EXISTS (SELECT 1 FROM entry WHERE principal = name.id) ORDER BY text LIMIT 1`;
  return db.prepare(sql).get(after, before)?.["text"] as string | undefined;
}
