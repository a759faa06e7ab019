/** Opens the folder of an embedded ledger for a server: locks it, checks that the ledger is whole, and migrates it. */
import { copyFileSync, existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { LostTailError } from "../../ledger/lost-tail.ts";
import { dataFolder, makeFolder, makeOwnFile, narrowFiles, syncFolder, type DataFolder } from "./data-folder.ts";
import { lockFolder, type FolderLock } from "./folder-lock.ts";
import { folderTrouble } from "./folder-trouble.ts";
import { damageOf, MaintenanceError } from "./ledger-file.ts";
import { migrate, refuseNewerSchema } from "./migrations.ts";
import { damagedLogOf, keptTailOf, missingTail, noteTail, tailEvidence, type KeptTail } from "./tail/lost-tail.ts";
import { makeMark } from "./tail/tail-mark.ts";
import { verify } from "./verification/verify.ts";

interface OpenedFolder {
  readonly folder: DataFolder;
  readonly lock: FolderLock;
  /** A connection that can only read. */
  readonly db: DatabaseSync;
  /** Says what is missing of the ledger, where the operator accepted that. */
  readonly lostTail: string | undefined;
}

/**
 * Makes the ledger where there is none. Throws FolderInUseError, NewerSchemaError, LostTailError (unless the operator accepted
 * the loss), FolderTroubleError, or MaintenanceError where the file is damaged.
 */
export function openFolder(path: string, acceptLostTail: boolean): OpenedFolder {
  const folder = dataFolder(path);
  let lock: FolderLock | undefined;
  let db: DatabaseSync | undefined;
  try {
    makeFolder(folder);
    lock = lockFolder(folder);
    const tail = keptTailOf(folder);
    const lostTail = lookAtTail(folder, tail, acceptLostTail);
    // The mark is made before anything in the ledger says that there is one.
    if (lostTail === undefined && !existsSync(folder.markFile)) makeMark(folder.markFile, tail);
    makeOwnFile(folder.ledgerFile);
    narrowFiles(folder);
    db = new DatabaseSync(folder.ledgerFile);
    refuseNewerSchema(db);
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA trusted_schema = OFF;");
    migrate(db);
    noteTail(db, "open", tail.generation);
    beginLog(db);
    db.exec("PRAGMA query_only = ON");
    syncFolder(folder.path);
    return { folder, lock, db, lostTail };
  } catch (error) {
    db?.close();
    lock?.release();
    const damage = damageOf(error);
    if (damage !== undefined)
      throw new MaintenanceError(`${folder.ledgerFile} cannot be served from. ${damage}. Restore a backup.`);
    throw folderTrouble(folder.path, error);
  }
}

/**
 * Answers what is missing, where the operator accepts that and the rest agrees with itself. The mark, or its absence, goes on
 * showing the loss until an entry says that it was accepted.
 */
function lookAtTail(folder: DataFolder, tail: KeptTail, accept: boolean): string | undefined {
  const missing = missingTail(tailEvidence(folder), tail);
  if (missing === undefined) return undefined;
  if (!accept) throw new LostTailError(folder.path, missing);
  if (!existsSync(folder.ledgerFile)) return missing;
  const { disagreement } = verify(folder.path, [], { lostTailIsKnown: true });
  if (disagreement !== undefined) {
    throw new MaintenanceError(
      `${missing} What is left contradicts itself, so that no server can go on with it: ${disagreement} Restore a backup.`,
    );
  }
  const log = `${folder.ledgerFile}-wal`;
  if (existsSync(log)) copyFileSync(log, damagedLogOf(folder));
  return missing;
}

/** Empties the log, unless somebody reads: what an earlier server left in it must not count as evidence about this one. */
function beginLog(db: DatabaseSync): void {
  db.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000");
}
