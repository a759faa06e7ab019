/** Whether entries and metering records say the same: every accepted record is kept under its keys, and nothing else is. */
import { isAlias } from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { IdentityHistory, identityNotes } from "../../../ledger/identity-history.ts";
import { meteringRecordId } from "../../../ledger/ids.ts";
import type { KnownLaneHead, LedgerVerification } from "../../../ledger/verification.ts";
import { FIND_RECORDS, keyColumns, type FoundRow, type Queryable } from "./record-pointers.ts";
import { disagreementOf, verifyChains, type FollowedEntry } from "./verify-chains.ts";

export interface WholeVerification extends LedgerVerification {
  /** Records that were found under their keys, aliases of theirs left out. */
  readonly meteringRecords: number;
  /** What is no fault, and good to know. */
  readonly notes: readonly string[] | undefined;
}

/** Reads the whole ledger. To be called within one snapshot, over a connection that does not bound its statements' time. */
export async function verifyLedger(db: Queryable, known: readonly KnownLaneHead[]): Promise<WholeVerification> {
  let meteringRecords = 0;
  let keys = 0;
  const identities = new IdentityHistory();
  const chains = await verifyChains(db, known, async (entries) => {
    keys += await checkRecords(db, entries);
    for (const { entry } of entries) {
      meteringRecords += acceptedRecords(entry).filter(({ key }) => !isAlias(key)).length;
      identities.see(entry);
    }
  });
  const disagreement = chains.disagreement ?? (await disagreementOf(() => lookForStrangers(db, keys)));
  return { ...chains, meteringRecords, notes: identityNotes(identities), disagreement };
}

/** Answers how many keys there are, aliases among them. Throws Disagreement. */
async function checkRecords(db: Queryable, entries: readonly FollowedEntry[]): Promise<number> {
  const accepted = entries.flatMap(({ shardKey, entry }) =>
    acceptedRecords(entry).map(({ key, position }) => ({ key, position, shardKey, requestId: entry.call.requestId })),
  );
  if (accepted.length === 0) return 0;
  const values = keyColumns(accepted.map(({ key }) => key));
  const { rows } = await db.query<FoundRow>({ name: "find-records", text: FIND_RECORDS, values });
  const kept = new Map(rows.map((row) => [Number(row.n) - 1, row]));
  for (const [n, { requestId, position, shardKey }] of accepted.entries()) {
    const row = kept.get(n);
    const id = meteringRecordId(requestId, position);
    const which = `${id} (record ${position + 1} of request ${requestId})`;
    if (row === undefined) throw new Disagreement(`${which} was accepted, but nothing is kept under its key.`);
    if (row.id !== id || row.entry_shard_key !== shardKey) {
      throw new Disagreement(`${which} was accepted, but its key points at ${row.id}.`);
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
