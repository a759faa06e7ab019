/**
 * Verification: the chain of entries is whole, and entries and metering records agree. It reads beside a running server, in
 * slices. Each slice is one short transaction, so the log need not hold everything that is committed meanwhile. Slices are
 * enough, because entries are never changed, and an entry and its records are kept in one transaction. Entries that are added
 * meanwhile are not verified. Its memory does not grow with the ledger, except for the names in use and the changes of the
 * catalogue.
 */
import type { DatabaseSync } from "node:sqlite";
import { CHAIN_START } from "../../../ledger/chain.ts";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import type { LedgerEntry } from "../../../ledger/entry.ts";
import { IdentityHistory, identityNotes } from "../../../ledger/identity-history.ts";
import type { ChainVerification, KnownHead, OnRead } from "../../../ledger/verification.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { dataFolder } from "../data-folder.ts";
import { damageOf, integrityProblem, MaintenanceError, openForReading } from "../ledger-file.ts";
import { missingTail, readKeptTail, tailEvidence } from "../tail/lost-tail.ts";
import { BegunAnew, Slices } from "./slices.ts";
import { EntryWalk } from "./entry-walk.ts";
import { RecordCheck } from "./record-check.ts";
import { checkResources } from "./resource-check.ts";

export interface Verification extends ChainVerification {
  /** How many metering records agree with their entries. */
  readonly meteringRecords: number;
  /** Remarks for the operator that are no fault. */
  readonly notes: readonly string[] | undefined;
}

interface VerifyOptions {
  readonly lostTailIsKnown?: boolean;
  readonly onProgress?: OnProgress;
}

const quiet: OnProgress = () => undefined;

/** Reads the whole ledger of a folder. Throws MaintenanceError where there is none. */
export function verify(
  folderPath: string,
  known: readonly KnownHead[] = [],
  { lostTailIsKnown = false, onProgress = quiet }: VerifyOptions = {},
): Verification {
  const folder = dataFolder(folderPath);
  const evidence = tailEvidence(folder);
  return reading(folder.ledgerFile, (db) => {
    const missing = lostTailIsKnown ? undefined : missingTail(evidence, readKeptTail(db));
    const damage = integrityProblem(db, onProgress);
    if (damage !== undefined) return { ...NOTHING, disagreement: damage };
    const found = verified(db, known, true, () => undefined, onProgress);
    return { ...found, disagreement: found.disagreement ?? missing };
  });
}

/** Reads the entries only: they are as they were written, whatever the rows beside them say. */
export function verifyChain(ledgerFile: string, known: readonly KnownHead[], onRead: OnRead): ChainVerification {
  return reading(ledgerFile, (db) => {
    const { entries, head, disagreement } = verified(db, known, false, onRead);
    return { entries, head, disagreement };
  });
}

const TRIES_MAX = 10;

/** Begins again where the ledger is emptied meanwhile. */
function verified(
  db: DatabaseSync,
  known: readonly KnownHead[],
  withRecords: boolean,
  onRead: OnRead,
  onProgress: OnProgress = quiet,
): Verification {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      // Heads that were known before the ledger was emptied say nothing of the new entries.
      return verifiedOnce(db, tries === 0 ? known : [], withRecords, onRead, onProgress);
    } catch (error) {
      if (!(error instanceof BegunAnew)) throw error;
    }
  }
  throw new MaintenanceError(
    "The ledger was emptied again and again while it was read. Verify it when that has ended.",
  );
}

function verifiedOnce(
  db: DatabaseSync,
  known: readonly KnownHead[],
  withRecords: boolean,
  onRead: OnRead,
  onProgress: OnProgress,
): Verification {
  const slices = new Slices(db);
  const walk = new EntryWalk(db, slices, known);
  const records = new RecordCheck(db, slices, walk.names, walk.lastSeq);
  const identities = new IdentityHistory();
  const check = (seq: number, entry: LedgerEntry): void => {
    records.checkEntry(seq, entry);
    identities.see(entry);
  };
  let disagreement: string | undefined;
  try {
    walk.run(withRecords ? check : () => undefined, (done, of) => {
      onRead(done, of);
      onProgress({ doing: "reading entries", done, of, unit: "entries" });
    });
    if (withRecords) {
      records.lookForStrangers(onProgress);
      checkResources(db, slices);
    }
  } catch (error) {
    disagreement = error instanceof Disagreement ? error.message : damageOf(error);
    if (disagreement === undefined) throw error;
  }
  const notes = identityNotes(identities);
  return { entries: walk.followed, head: walk.head, meteringRecords: records.meteringRecords, notes, disagreement };
}

function reading<T>(ledgerFile: string, read: (db: DatabaseSync) => T): T {
  const db = openForReading(ledgerFile);
  try {
    return read(db);
  } finally {
    db.close();
  }
}

const NOTHING = {
  entries: 0,
  meteringRecords: 0,
  notes: undefined,
  head: { seq: 0, link: Buffer.from(CHAIN_START).toString("hex") },
};
