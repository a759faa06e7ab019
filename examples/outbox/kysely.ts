/** Records usage in a transaction of Kysely; any query builder that takes SQL with values goes the same way. */
import type { Outbox } from "@countinghouse/outbox";
import { CompiledQuery, type Kysely } from "kysely";

interface Tables {
  readonly sale: { readonly id: string };
}

export async function sell(db: Kysely<Tables>, outbox: Outbox, id: string): Promise<readonly unknown[]> {
  return db.transaction().execute(async (transaction) => {
    await transaction.insertInto("sale").values({ id }).execute();
    const reading = { readingId: `kysely-${id}`, tenant: "t-1", meter: "gb", quantity: "1.5", at: new Date() };
    const { text, values } = outbox.statementFor(reading);
    const { rows } = await transaction.executeQuery(CompiledQuery.raw(text, [...values]));
    return rows;
  });
}
