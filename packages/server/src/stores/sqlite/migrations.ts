/**
 * Numbered migrations. The schema's version is SQLite's `user_version`; a migration and its number commit together. A database
 * whose number is higher than this server knows is refused and not changed.
 */
import { readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { fillEvents } from "./migrations/0002-events.ts";
import { moveResources } from "./migrations/0005-resources.ts";

/** In their order. A released migration is never edited; new ones are added. */
const MIGRATIONS: readonly Migration[] = [
  { file: "0001-ledger.sql" },
  { file: "0002-events.sql", fill: fillEvents },
  { file: "0003-resources.sql" },
  { file: "0004-names-of-keys.sql" },
  { file: "0005-resources.sql", fill: moveResources },
  { file: "0006-sums-of-expired.sql" },
];

interface Migration {
  readonly file: string;
  /** Does what SQL alone cannot do, in the same transaction. */
  readonly fill?: (db: DatabaseSync) => void;
}

export const SCHEMA_VERSION: number = MIGRATIONS.length;

export class NewerSchemaError extends Error {
  constructor(found: number) {
    super(
      `The ledger has schema version ${found}; this server knows versions up to ${SCHEMA_VERSION}. It was written by a newer server: use that one, or a later one.`,
    );
    this.name = "NewerSchemaError";
  }
}

export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** To be called before anything else is done with the database. */
export function refuseNewerSchema(db: DatabaseSync): void {
  const found = schemaVersion(db);
  if (found > SCHEMA_VERSION) throw new NewerSchemaError(found);
}

export function migrate(db: DatabaseSync): void {
  for (let version = schemaVersion(db) + 1; version <= SCHEMA_VERSION; version += 1) {
    const { file, fill } = MIGRATIONS[version - 1] as Migration;
    db.exec("BEGIN IMMEDIATE");
    db.exec(readFileSync(new URL(`./migrations/${file}`, import.meta.url), "utf8"));
    fill?.(db);
    db.exec(`PRAGMA user_version = ${version}; COMMIT`);
  }
}
