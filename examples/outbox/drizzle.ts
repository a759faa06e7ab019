/** Records usage in a transaction of Drizzle; what it lacks is a way to hand in a statement with its values, which is five lines. */
import type { Outbox } from "@countinghouse/outbox";
import { sql, type SQL } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { pgTable, text } from "drizzle-orm/pg-core";

const sale = pgTable("sale", { id: text("id").primaryKey() });

export async function sell(db: NodePgDatabase, outbox: Outbox, id: string): Promise<readonly unknown[]> {
  return db.transaction(async (transaction) => {
    await transaction.insert(sale).values({ id });
    const reading = { readingId: `drizzle-${id}`, tenant: "t-1", meter: "gb", quantity: "1.5", at: new Date() };
    const { rows } = await transaction.execute(sqlOf(outbox.statementFor(reading)));
    return rows;
  });
}

/** `$1`, `$2` and so on become parameters of Drizzle's; the values stay apart from the text. */
function sqlOf({ text: statement, values }: ReturnType<Outbox["statementFor"]>): SQL {
  const pieces = statement.split(/\$(\d+)/);
  return sql.join(pieces.map((piece, at) => (at % 2 === 0 ? sql.raw(piece) : sql`${values[Number(piece) - 1]}`)));
}
