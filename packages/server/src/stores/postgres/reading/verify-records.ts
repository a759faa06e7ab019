/**
 * Checks that entries and metering records agree: every accepted record is kept under its keys, and nothing else is kept. Also
 * checks that the columns of resources agree with the resources.
 */
import { isAlias } from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { productOf } from "../../../ledger/entry-attributes.ts";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { IdentityHistory, identityNotes } from "../../../ledger/identity-history.ts";
import type { KnownLaneHead, LedgerVerification } from "../../../ledger/verification.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import type { SumsCheck } from "../sums/verify-sums.ts";
import { recordRows, type RecordRow } from "../writing/record-rows.ts";
import { rowsUnder, type Queryable } from "./record-pointers.ts";
import { checkResources } from "./verify-resources.ts";
import { countEntries, disagreementOf, verifyChains, type FollowedEntry } from "./verify-chains.ts";

export interface WholeVerification extends LedgerVerification {
  /** How many records were found under their keys; their aliases are not counted. */
  readonly meteringRecords: number;
  /** Remarks for the operator that are no fault. */
  readonly notes: readonly string[] | undefined;
}

interface VerifyOptions {
  readonly sums?: SumsCheck | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Reads the whole ledger. To be called within one snapshot, over a connection whose statements have no time limit. */
export async function verifyLedger(
  db: Queryable,
  known: readonly KnownLaneHead[],
  { sums, onProgress = () => undefined }: VerifyOptions = {},
): Promise<WholeVerification> {
  const of = await countEntries(db);
  let done = 0;
  onProgress({ doing: "reading entries", done, of, unit: "entries" });
  let meteringRecords = 0;
  let keys = 0;
  const identities = new IdentityHistory();
  const chains = await verifyChains(db, known, async (entries) => {
    keys += await checkRecords(db, entries);
    sums?.see(entries);
    for (const { entry } of entries) {
      meteringRecords += acceptedRecords(entry).filter(({ key }) => !isAlias(key)).length;
      identities.see(entry);
    }
    done += entries.length;
    onProgress({ doing: "reading entries", done, of, unit: "entries" });
  });
  onProgress({ doing: "counting records", done: 0, unit: "records" });
  const disagreement =
    chains.disagreement ??
    (await disagreementOf(async () => {
      await lookForStrangers(db, keys);
      await checkResources(db);
    })) ??
    (sums &&
      (await disagreementOf(() => {
        onProgress({ doing: "comparing sums", done: 0, unit: "records" });
        return sums.end();
      })));
  return { ...chains, meteringRecords, notes: identityNotes(identities), disagreement };
}

/** Answers how many keys the entries' records have, aliases included. Throws Disagreement. */
async function checkRecords(db: Queryable, entries: readonly FollowedEntry[]): Promise<number> {
  const accepted = entries.flatMap((followed) =>
    acceptedRecords(followed.entry).map((record) => ({ ...followed, record })),
  );
  if (accepted.length === 0) return 0;
  const kept = await rowsUnder(
    db,
    accepted.map(({ record }) => record.key),
  );
  for (const [n, { shardKey, entry, record }] of accepted.entries()) {
    const { requestId } = entry.call;
    const expected = columnsOf(
      recordRows({
        requestId,
        shardKey: BigInt(shardKey),
        productCode: productOf(entry.event),
        accrued: entry.event.kind === "usage-accrued",
        records: [record],
      })[0] as RecordRow,
    );
    const which = `${expected["id"]} (record ${record.position + 1} of request ${requestId})`;
    const row = kept[n];
    if (row === undefined) throw new Disagreement(`${which} was accepted, but nothing is kept under its key.`);
    if (row["id"] !== expected["id"]) {
      throw new Disagreement(`${which} was accepted, but its key points at ${row["id"]}.`);
    }
    for (const [column, value] of Object.entries(expected)) {
      const found = textOf(row[column] ?? null);
      if (found !== value) throw new Disagreement(`${which} is kept with ${column} ${found}, and not ${value}.`);
    }
  }
  return accepted.length;
}

/** A row as PostgreSQL shows it. */
function columnsOf(row: RecordRow): Readonly<Record<string, string | null>> {
  return {
    id: row.id,
    entry_shard_key: textOf(row.entryShardKey),
    quantity: textOf(row.quantity),
    product: textOf(row.product),
    customer: textOf(row.customer),
    dimension: textOf(row.dimension),
    region: textOf(row.region),
    kind: textOf(row.kind),
  };
}

function textOf(value: string | number | bigint | null): string | null {
  return value === null ? null : String(value);
}

/** Every accepted record has been found to have a row of its own. So if there are more rows, one belongs to no record. */
async function lookForStrangers(db: Queryable, accepted: number): Promise<void> {
  const { rows } = await db.query<{ count: string }>("SELECT count(*) AS count FROM countinghouse.metering_record");
  const count = Number(rows[0]?.count);
  if (count !== accepted) throw new Disagreement(`${count} keys are kept, and ${accepted} were accepted.`);
}
