/** Answers questions from the file of sums, and from the ledger's entries that the sums have just taken in. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import type { AccruedOf, SumsAnswer, SumsQuestion, TallyCell, TallyQuery } from "../../../ledger/sums/sums.ts";
import { usageStatements, usageSums, type Dialect } from "../../../sum-tables/usage-query.ts";
import { tallyOf } from "./sum-rows.ts";
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
    usage: usage.map((span) =>
      usageSums(
        span,
        usageStatements(span, DIALECT).map((statement) => {
          const select = sums.prepare(statement.text);
          select.setReadBigInts(true);
          return [statement, select.all(...(statement.values as SQLInputValue[]))];
        }),
      ),
    ),
    tallies: tallies === undefined ? [] : talliesIn(sums, tallies),
    accrued: accruedAfter?.flatMap(({ seq }) => accruedIn(ledger, seq, position.seq)) ?? [],
    completeSinceMs: position.completeSinceMs,
  };
}

function talliesIn(sums: DatabaseSync, { about, fromDay, toDay }: TallyQuery): TallyCell[] {
  const select = sums.prepare(
    `SELECT * FROM tally WHERE day >= ? AND day < ? AND about IN (SELECT value FROM json_each(?))`,
  );
  select.setReadBigInts(true);
  return select.all(fromDay, toDay, JSON.stringify(about)).map(tallyOf);
}

/** They are few: what was committed while somebody read the resources. */
function accruedIn(ledger: DatabaseSync, after: number, through: number): AccruedOf[] {
  const rows = ledger
    .prepare("SELECT at_ms, body FROM entry WHERE seq > ? AND seq <= ? AND instr(body, 'usage-accrued') ORDER BY seq")
    .all(after, through);
  return rows.flatMap((row) => {
    const { event } = decodeEntry({ requestId: "", atMs: Number(row["at_ms"]), body: String(row["body"]) });
    return event.kind === "usage-accrued" ? event.uses.map((use) => ({ productCode: event.productCode, use })) : [];
  });
}
