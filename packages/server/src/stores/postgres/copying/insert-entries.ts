/** Writes entries of another ledger unchanged, with the metering records that follow from them. */
import type { Client } from "pg";
import { isAlias } from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { attributesOf } from "../../../ledger/entry-attributes.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import type { LinkedEntry } from "../../../ledger/ledger-source.ts";
import { COPIED_LANE } from "../rows.ts";
import { insertStatements, type NewEntry } from "../writing/insert-rows.ts";

/** Takes entries in the order of their chain; answers how many metering records they accepted. */
export async function insertEntries(client: Client, page: readonly LinkedEntry[]): Promise<number> {
  const entries = page.map(({ seq, entry, link }): NewEntry => {
    const decoded = decodeEntry(entry);
    const attributes = attributesOf(decoded);
    const records = acceptedRecords(decoded);
    const offering = records[0]?.key.offering ?? attributes.productCode ?? "";
    const accrued = decoded.event.kind === "usage-accrued";
    return { offering, seq, entry, link, attributes, accrued, records };
  });
  for (const statement of insertStatements(COPIED_LANE, entries)) await client.query(statement);
  return entries.flatMap(({ records }) => records).filter(({ key }) => !isAlias(key)).length;
}
