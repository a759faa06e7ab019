/** Whether entries and metering records say the same: every accepted record is kept under its keys, and nothing else is. */
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { meteringRecordId } from "../../../ledger/ids.ts";
import type { KnownLaneHead, LedgerVerification } from "../../../ledger/verification.ts";
import { KEPT_UNDER_KEY, PLACE_COLUMNS, keyColumns, type PlaceRow, type Queryable } from "./record-pointers.ts";
import { disagreementOf, verifyChains, type FollowedEntry } from "./verify-chains.ts";

export interface WholeVerification extends LedgerVerification {
  /** Keys that were found to point at the record that was accepted under them. */
  readonly meteringRecords: number;
}

interface KeptRow extends PlaceRow {
  readonly n: number;
  readonly quantity: string;
}

const FIND = `SELECT k.n, ${PLACE_COLUMNS}, m.quantity
  FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS k (n, hour, offering, region, customer, dimension, discriminator)
  ${KEPT_UNDER_KEY}`;

/** Reads the whole ledger. To be called within one snapshot, over a connection that does not bound its statements' time. */
export async function verifyLedger(db: Queryable, known: readonly KnownLaneHead[]): Promise<WholeVerification> {
  let meteringRecords = 0;
  const chains = await verifyChains(db, known, async (entries) => {
    meteringRecords += await checkRecords(db, entries);
  });
  const disagreement = chains.disagreement ?? (await disagreementOf(() => lookForStrangers(db, meteringRecords)));
  return { ...chains, meteringRecords, disagreement };
}

/** Answers how many there are. Throws Disagreement. */
async function checkRecords(db: Queryable, entries: readonly FollowedEntry[]): Promise<number> {
  const accepted = entries.flatMap(({ offering, entry }) =>
    acceptedRecords(entry).map((record) => ({ ...record, offering, requestId: entry.call.requestId })),
  );
  if (accepted.length === 0) return 0;
  const values = [accepted.map((_, n) => n), ...keyColumns(accepted.map(({ key }) => key))];
  const { rows } = await db.query<KeptRow>({ name: "kept-records", text: FIND, values });
  const kept = new Map(rows.map((row) => [row.n, row]));
  for (const [n, { requestId, position, offering, quantity }] of accepted.entries()) {
    const row = kept.get(n);
    const which = `${meteringRecordId(requestId, position)} (record ${position + 1} of request ${requestId})`;
    if (row === undefined) throw new Disagreement(`${which} was accepted, but nothing is kept under its key.`);
    const pointsHere = row.request_id === requestId && row.position === position && row.entry_offering === offering;
    if (!pointsHere) {
      throw new Disagreement(
        `${which} was accepted, but its key points at record ${row.position + 1} of request ${row.request_id}.`,
      );
    }
    if (Number(row.quantity) !== quantity) {
      throw new Disagreement(`${which} has the quantity ${quantity}, but is kept with ${row.quantity}.`);
    }
  }
  return accepted.length;
}

/** By now every accepted record has a row of its own: where there are more rows, one belongs to none. */
async function lookForStrangers(db: Queryable, accepted: number): Promise<void> {
  const { rows } = await db.query<{ count: string }>("SELECT count(*) AS count FROM countinghouse.metering_record");
  const count = Number(rows[0]?.count);
  if (count !== accepted) throw new Disagreement(`${count} keys are kept, and ${accepted} were accepted.`);
}
