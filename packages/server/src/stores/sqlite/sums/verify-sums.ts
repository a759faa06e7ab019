/**
 * Adds the entries up again, and holds the file of sums against that. A server may be running: what is compared is how the sums were
 * when it began. A file that does not fit the ledger, as after a restore, is one that a server throws away: nothing is said of it.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SUM_COLUMNS } from "../../../ledger/sums/sums.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { HOUR_COLUMNS } from "../../../sum-tables/rows.ts";
import { dataFolder } from "../data-folder.ts";
import { openForReading } from "../ledger-file.ts";
import { SCHEMA_VERSION, schemaVersion } from "../migrations.ts";
import { isDamage } from "../trouble.ts";
import { fits, SumsFollower } from "./follower.ts";
import { makeSums, openSumsForReading, readPosition, sumsFileOf } from "./sums-file.ts";

const USAGE = ["day", ...SUM_COLUMNS, "kind", "last_ms", ...HOUR_COLUMNS].join(", ");
const TALLY = "day, about, product, customer, dimension, detail, calls, records, units";
const REMEDY = "Delete sums.db while no server runs: it is made anew.";

/** What does not agree, in sentences; undefined where all does, or there are no sums. */
export function sumsDisagreement(folderPath: string, onProgress: OnProgress = () => undefined): string | undefined {
  const { ledgerFile } = dataFolder(folderPath);
  const file = sumsFileOf(ledgerFile);
  if (!existsSync(file)) return undefined;
  const ledger = openForReading(ledgerFile);
  // A file of its own on the disk, which goes with the connection.
  const again = new DatabaseSync("");
  try {
    return schemaVersion(ledger) === SCHEMA_VERSION ? compared(ledger, again, file, onProgress) : undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return `The sums beside it cannot be read: the file is damaged. ${REMEDY}`;
  } finally {
    again.close();
    ledger.close();
  }
}

function compared(ledger: DatabaseSync, again: DatabaseSync, file: string, onProgress: OnProgress): string | undefined {
  makeSums(again);
  const kept = openSumsForReading(file);
  if (kept === undefined) return undefined;
  try {
    kept.exec("BEGIN");
    const position = readPosition(kept);
    if (position === undefined || !fits(ledger, position)) return undefined;
    const follower = new SumsFollower(ledger, again, position.seq);
    for (let progress = follower.step(); ; progress = follower.step()) {
      onProgress({ doing: "adding the entries up again", ...progress, unit: "entries" });
      if (progress.done >= progress.of) break;
    }
    // What was emptied, or has expired, meanwhile says nothing of the sums.
    if (!fits(ledger, position) || follower.position?.seq !== position.seq) return undefined;
    const different = differenceOf(again, kept);
    return different === undefined
      ? undefined
      : `The sums beside it do not agree with its entries. ${different} ${REMEDY}`;
  } finally {
    kept.close();
  }
}

/** The first row of one that the other has not. */
function differenceOf(again: DatabaseSync, kept: DatabaseSync): string | undefined {
  for (const [table, columns] of [
    ["usage_sum", USAGE],
    ["tally", TALLY],
  ] as const) {
    const ordered = `SELECT ${columns} FROM ${table} ORDER BY ${columns}`;
    const wanted = rowsOf(again, ordered);
    const found = rowsOf(kept, ordered);
    for (;;) {
      const [a, b] = [wanted.next(), found.next()];
      if (a.done === true && b.done === true) break;
      const [expected, said] = [a, b].map(({ done, value }) => (done === true ? undefined : rowText(value)));
      if (expected !== said)
        return `By the entries there is ${expected ?? "nothing more"}, by the sums ${said ?? "nothing more"}.`;
    }
  }
  return undefined;
}

function rowsOf(db: DatabaseSync, sql: string): Iterator<unknown> {
  const select = db.prepare(sql);
  // Units may come to more than a number can hold exactly.
  select.setReadBigInts(true);
  return select.iterate();
}

function rowText(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}
