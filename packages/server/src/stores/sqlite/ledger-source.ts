/** An embedded ledger to be copied elsewhere: its folder is locked, so no server writes to it, and it has been verified. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_START } from "../../ledger/chain.ts";
import type { ChainHead } from "../../ledger/chain-head.ts";
import type { LedgerSource, LinkedEntry } from "../../ledger/ledger-source.ts";
import { LostTailError } from "../../ledger/lost-tail.ts";
import { putResource, stagedResource, type StagedResource } from "../../ledger/resource-facts.ts";
import { dataFolder } from "./data-folder.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "./entry-rows.ts";
import { lockFolder } from "./folder-lock.ts";
import { MaintenanceError } from "./ledger-file.ts";
import { readLoaded } from "./loaded.ts";
import { migrate, refuseNewerSchema } from "./migrations.ts";
import { readResources } from "./resource-rows.ts";
import { readExpiredSums } from "./sums/expired-sums.ts";
import { missingTailOf } from "./tail/lost-tail.ts";
import { verify, type Verification } from "./verification/verify.ts";

export interface OpenedSource extends LedgerSource {
  /** Unlocks the folder. */
  close(): void;
}

/** A page ends when it reaches either of these. */
const PAGE_ENTRIES = 500;
const PAGE_CHARACTERS = 4_000_000;

/**
 * `verifyWhole` reads the ledger of the folder from its first entry to its last. Throws what it throws; FolderInUseError where a server runs on the folder; MaintenanceError where there is no ledger, or one that contradicts
 * itself.
 */
export async function openLedgerSource(
  folderPath: string,
  verifyWhole: (folderPath: string) => Verification | Promise<Verification> = verify,
): Promise<OpenedSource> {
  const folder = dataFolder(folderPath);
  const { path, ledgerFile } = folder;
  if (!existsSync(ledgerFile)) throw new MaintenanceError(`There is no ledger: ${ledgerFile} does not exist.`);
  const lock = lockFolder(folder);
  let db: DatabaseSync | undefined;
  try {
    const missing = missingTailOf(folder);
    if (missing !== undefined) throw new LostTailError(path, missing);
    // As when a server starts: an older ledger is migrated, and the log that a killed server left is taken in.
    db = new DatabaseSync(ledgerFile);
    refuseNewerSchema(db);
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;");
    migrate(db);
    db.exec("PRAGMA query_only = ON");
    const { disagreement, entries, meteringRecords, head } = await verifyWhole(folderPath);
    if (disagreement !== undefined) throw new MaintenanceError(`The ledger contradicts itself. ${disagreement}`);
    const opened = db;
    return {
      name: path,
      loaded: readLoaded(opened),
      entries,
      meteringRecords,
      base: baseOf(opened),
      head,
      expiredSums: () => readExpiredSums(opened),
      resources: () => resourcesOf(opened),
      pages: () => pagesOf(opened),
      close: () => {
        opened.close();
        lock.release();
      },
    };
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

function* resourcesOf(db: DatabaseSync): Iterable<readonly StagedResource[]> {
  let cursor: string | undefined;
  do {
    const page = readResources(db, { cursor, limit: PAGE_ENTRIES });
    yield page.items.map((resource) => stagedResource(putResource(resource)));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

function baseOf(db: DatabaseSync): ChainHead {
  const noted = db.prepare("SELECT value FROM setting WHERE name = 'chain-base'").get()?.["value"];
  if (noted === undefined) return { seq: 0, link: Buffer.from(CHAIN_START).toString("hex") };
  const [seq, link = ""] = String(noted).split(" ");
  return { seq: Number(seq), link };
}

function* pagesOf(db: DatabaseSync): Iterable<readonly LinkedEntry[]> {
  const rows = db.prepare(`SELECT ${ENTRY_COLUMNS}, link FROM entry ORDER BY seq`).iterate();
  let page: LinkedEntry[] = [];
  let characters = 0;
  for (const row of rows as unknown as Iterable<EntryRow & { readonly link: Uint8Array }>) {
    page.push({ seq: row.seq, entry: encodedEntryOf(row), link: row.link });
    characters += row.body.length;
    if (page.length < PAGE_ENTRIES && characters < PAGE_CHARACTERS) continue;
    yield page;
    page = [];
    characters = 0;
  }
  if (page.length > 0) yield page;
}
