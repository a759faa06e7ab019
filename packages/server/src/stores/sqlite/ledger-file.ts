/** A ledger's file, opened to be looked at and not written: beside a running server, or where there is none. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { NewerSchemaError, SCHEMA_VERSION, schemaVersion } from "./migrations.ts";
import { isDamage } from "./trouble.ts";

/** Maintenance that cannot be done, and why. */
export class MaintenanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MaintenanceError";
  }
}

/**
 * Opens a ledger's file for reading. `name` is what complaints call it. Throws MaintenanceError where it is not there
 * or no ledger, NewerSchemaError where a newer server wrote it.
 */
export function openForReading(file: string, name: string = file): DatabaseSync {
  if (!existsSync(file)) throw new MaintenanceError(`There is no ledger: ${name} does not exist.`);
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    // A server that starts or stops meanwhile holds the file for a moment.
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;");
    const version = schemaVersion(db);
    if (version > SCHEMA_VERSION) throw new NewerSchemaError(version);
    if (version === 0) throw new MaintenanceError(`${name} is not a ledger.`);
    return db;
  } catch (error) {
    db.close();
    throw damageOf(error) === undefined ? error : new MaintenanceError(`${name} is not a ledger, or it is damaged.`);
  }
}

/** What SQLite finds wrong with the file itself: its pages, its indexes, its constraints. */
export function integrityProblem(db: DatabaseSync): string | undefined {
  try {
    const found = db.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"];
    // The first line only names the database.
    return found === "ok" ? undefined : `The file is damaged: ${String(found).replace(/^\*\*\*.*\n/, "")}`;
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return damage;
  }
}

/** What an error of SQLite says of the file, where it says that the file is damaged. */
export function damageOf(error: unknown): string | undefined {
  return isDamage(error) ? `The file is damaged: ${error.message}` : undefined;
}
