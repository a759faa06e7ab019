/** What a server must know of a ledger before it goes on with it: the catalogue, the newest entry, the clock. */
import type { DatabaseSync } from "node:sqlite";
import type { CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import type { Loaded } from "../../ledger/engine.ts";

export function readLoaded(db: DatabaseSync): Loaded {
  const newest = db.prepare("SELECT at_ms AS atMs FROM entry ORDER BY seq DESC LIMIT 1").get();
  const clock = db.prepare("SELECT value FROM setting WHERE name = 'clock'").get()?.["value"];
  const rows = db.prepare("SELECT kind, id, value, file_digest AS fileDigest FROM catalogue").all();
  return {
    catalogue: rows.map(catalogueChange),
    newestAtMs: newest === undefined ? undefined : Number(newest["atMs"]),
    clock: clock === undefined ? undefined : (JSON.parse(String(clock)) as NonNullable<Loaded["clock"]>),
  };
}

function catalogueChange(row: Record<string, unknown>): CatalogueChange {
  const value = row["value"] as string | null;
  return {
    kind: row["kind"],
    id: row["id"],
    value: value === null ? undefined : (JSON.parse(value) as unknown),
    fileDigest: row["fileDigest"] ?? undefined,
  } as CatalogueChange;
}
