/** Answers questions from the file of sums, and from the ledger's entries that the sums have just taken in. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { accruedUsesIn } from "../../../ledger/sums/accrued-uses.ts";
import {
  SUMS_MAX,
  type AccruedOf,
  type SumsAnswer,
  type SumsQuestion,
  type TallyCell,
  type TallyQuery,
  type UsageSpan,
  type UsageSum,
} from "../../../ledger/sums/sums.ts";
import { tallyCellOf } from "../../../sum-tables/rows.ts";
import { SumsOfSpan, usageStatements, type Dialect } from "../../../sum-tables/usage-query.ts";
import type { SumsPosition } from "./sums-file.ts";

const DIALECT: Dialect = {
  table: "usage_sum",
  place: (n) => `?${n}`,
  isAmong: (column, n) => `${column} IN (SELECT value FROM json_each(?${n}))`,
  texts: (values) => JSON.stringify(values),
};

/** The sums must have come to the position. Throws TooManySumsError. */
export function answerFrom(
  ledger: DatabaseSync,
  sums: DatabaseSync,
  position: SumsPosition,
  { usage = [], tallies, accruedAfter }: SumsQuestion,
): SumsAnswer {
  return {
    usage: usageIn(sums, usage),
    tallies: tallies === undefined ? [] : talliesIn(sums, tallies),
    accrued: accruedAfter?.flatMap(({ seq }) => accruedIn(ledger, seq, position.seq)) ?? [],
    completeSinceMs: position.completeSinceMs,
  };
}

function usageIn(sums: DatabaseSync, spans: readonly UsageSpan[]): readonly (readonly UsageSum[])[] {
  let left = SUMS_MAX;
  return spans.map((span) => {
    const ofSpan = new SumsOfSpan(span, left);
    for (const statement of usageStatements(span, DIALECT)) {
      const select = sums.prepare(statement.text);
      select.setReadBigInts(true);
      for (const row of select.iterate(...(statement.values as SQLInputValue[]))) ofSpan.add(statement, row);
    }
    left -= ofSpan.all().length;
    return ofSpan.all();
  });
}

function talliesIn(sums: DatabaseSync, { about, fromDay, toDay }: TallyQuery): TallyCell[] {
  const select = sums.prepare(
    `SELECT * FROM tally WHERE day >= ? AND day < ? AND about IN (SELECT value FROM json_each(?))`,
  );
  select.setReadBigInts(true);
  return select.all(fromDay, toDay, JSON.stringify(about)).map(tallyCellOf);
}

/** They are few: what was committed while somebody read the resources. */
function accruedIn(ledger: DatabaseSync, after: number, through: number): AccruedOf[] {
  const rows = ledger
    .prepare("SELECT at_ms, body FROM entry WHERE seq > ? AND seq <= ? AND instr(body, 'usage-accrued') ORDER BY seq")
    .all(after, through);
  return accruedUsesIn(rows.map((row) => ({ requestId: "", atMs: Number(row["at_ms"]), body: String(row["body"]) })));
}
