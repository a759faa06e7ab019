/**
 * Whether the newest entries of an embedded ledger are missing, judged by its log and by the mark beside it. Everything is read
 * before the ledger is opened for writing, and nothing is changed.
 */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { DataFolder } from "../data-folder.ts";
import { headerIsOfWal } from "../ledger-file.ts";
import { readMark, type TailPosition } from "./tail-mark.ts";
import { lostCommitsIn, type LostCommits } from "./wal-frames.ts";

/** What the ledger's file itself says, with its log taken in. */
export interface KeptTail extends TailPosition {
  /** Whether a server has noted that it keeps a mark; `closed` means that the server has ended as it should. */
  readonly noted: "open" | "closed" | undefined;
}

/** What the files beside the ledger say. */
interface TailEvidence {
  readonly mark: TailPosition | "unreadable" | undefined;
  readonly lostCommits: LostCommits | undefined;
  /** Whether the file has no log: so it may be a restored backup, which has no mark. */
  readonly needsNoLog: boolean;
}

/** To be read before the ledger itself, where a server may be writing: entries that come after this are no contradiction. */
export function tailEvidence({ ledgerFile, markFile }: DataFolder): TailEvidence {
  const mark = readMark(markFile);
  const walFile = `${ledgerFile}-wal`;
  const lost = lostCommitsIn(walFile);
  // If a server writes meanwhile, the second reading finds another place.
  const again = lost === undefined ? undefined : lostCommitsIn(walFile);
  const isStable = lost?.damagedFrame === again?.damagedFrame && lost?.commits === again?.commits;
  return {
    mark,
    lostCommits: isStable ? lost : undefined,
    needsNoLog: existsSync(ledgerFile) && !headerIsOfWal(ledgerFile),
  };
}

/** Says in sentences what is missing; undefined where nothing is. */
export function missingTail({ mark, lostCommits, needsNoLog }: TailEvidence, kept: KeptTail): string | undefined {
  const found: string[] = [];
  if (lostCommits !== undefined) {
    const { damagedFrame, commits } = lostCommits;
    found.push(
      `Its log is damaged at frame ${damagedFrame}; at least ${commits} commits stand behind that, and cannot be read.`,
    );
  }
  if (mark === "unreadable") {
    found.push(
      "The mark beside it (ledger.mark) cannot be read, so that nobody can tell whether something is missing.",
    );
  } else if (mark === undefined) {
    if (kept.noted === "open" && !needsNoLog) {
      found.push(
        "Its server did not end normally, and the mark beside it (ledger.mark) is missing. Perhaps it was copied without its log; how much is missing cannot be known.",
      );
    }
  } else if (mark.generation > kept.generation) {
    found.push(
      `It was emptied, and begun anew; entry ${mark.seq} of the new beginning was acknowledged, and nothing of it is there.`,
    );
  } else if (mark.generation === kept.generation && mark.seq > kept.seq) {
    const entries = mark.seq - kept.seq;
    found.push(
      `It ends at entry ${kept.seq}, but entry ${mark.seq} was acknowledged: ${entries} ${entries === 1 ? "entry is" : "entries are"} missing.`,
    );
  }
  return found.length === 0 ? undefined : found.join(" ");
}

/** The same, for a folder to which no server writes. */
export function missingTailOf(folder: DataFolder): string | undefined {
  return missingTail(tailEvidence(folder), keptTailOf(folder));
}

const EMPTY: KeptTail = { generation: 1, seq: 0, noted: undefined };

/** Opens the ledger read-only: a connection that may write would apply the log when it closes, and with it the evidence. */
export function keptTailOf({ ledgerFile }: DataFolder): KeptTail {
  if (!existsSync(ledgerFile) || statSync(ledgerFile).size === 0) return EMPTY;
  // Only a file without a write-ahead log has a journal, and SQLite must be allowed to roll back by it.
  const db = new DatabaseSync(ledgerFile, { readOnly: !existsSync(`${ledgerFile}-journal`) });
  try {
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;");
    return readKeptTail(db);
  } finally {
    db.close();
  }
}

export function readKeptTail(db: DatabaseSync): KeptTail {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'setting'").get() === undefined) return EMPTY;
  const seq = Number(db.prepare("SELECT max(seq) AS seq FROM entry").get()?.["seq"] ?? 0);
  const noted = db.prepare("SELECT value FROM setting WHERE name = 'tail'").get()?.["value"];
  const [, state, generation] = /^(open|closed) (\d+)$/.exec(String(noted)) ?? [];
  return { generation: Number(generation ?? 1), seq, noted: state as KeptTail["noted"] };
}

/** Notes in the ledger whether a server has it open, so that a copy without log and mark is recognised. */
export function noteTail(db: DatabaseSync, state: "open" | "closed", generation: number): void {
  db.prepare("INSERT INTO setting VALUES ('tail', ?) ON CONFLICT DO UPDATE SET value = excluded.value").run(
    `${state} ${generation}`,
  );
}

/** The name under which a damaged log is kept, for the operator to look at. */
export function damagedLogOf({ ledgerFile }: DataFolder): string {
  return `${ledgerFile}-wal.damaged`;
}
