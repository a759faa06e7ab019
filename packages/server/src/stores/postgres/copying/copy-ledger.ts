/**
 * Copies a ledger with one writer into an empty ledger in PostgreSQL: entry by entry, byte for byte, as a lane of its own that
 * ends at the source's head. A mark says that the target is incomplete; no server serves from it. The mark is set before the
 * first row, and removed when everything that was copied has been read again and agrees with the source.
 */
import type { Client } from "pg";
import { EMBEDDED_LANE, type LaneHead } from "../../../ledger/chain-head.ts";
import type { LedgerSource } from "../../../ledger/ledger-source.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { loadDriver } from "../driver.ts";
import { COPY_LOCK, STATE_LOCK } from "../locks.ts";
import { migrate } from "../migrations.ts";
import { maintain, type Waiting } from "../open-postgres.ts";
import { verifyLedger } from "../reading/verify-records.ts";
import { listResources } from "../resources/find-resources.ts";
import { writeResources } from "../resources/write-resources.ts";
import { putExpiredSums } from "../sums/sum-rows.ts";
import { COPIED_LANE } from "../rows.ts";
import { writeState } from "../state-rows.ts";
import { insertEntries } from "./insert-entries.ts";

export interface CopyOptions extends Waiting {
  /** Whether the rows of an earlier, unfinished copy may be removed. */
  readonly again: boolean;
}

export interface Copied {
  readonly entries: number;
  readonly meteringRecords: number;
  readonly head: LaneHead;
}

/** The copy was not begun, or is not complete. */
export class CopyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CopyError";
  }
}

export async function copyLedger(source: LedgerSource, url: string, options: CopyOptions): Promise<Copied> {
  const driver = await loadDriver(url);
  return maintain(driver, options, async (client) => {
    await migrate(client, options.sleep);
    await takeTurn(client);
    // If the database loses power now, it loses part of a copy that is marked as incomplete; the last commit is durable.
    await client.query("SET synchronous_commit = off");
    await begin(client, source, options.again);
    try {
      const copied = await copyAll(client, source, options.onProgress);
      const verified = await refuseDifference(client, source, copied, options.onProgress);
      await atOnce(client, async () => {
        await client.query("SET LOCAL synchronous_commit = on");
        await client.query("UPDATE countinghouse.state SET copying = NULL, version = version + 1");
      });
      return verified;
    } catch (error) {
      const reason = reasonOf(error, options.signal);
      throw new CopyError(
        `The copy was not completed: ${reason} What is there is a part, and no server serves from it; begin anew with --again.`,
      );
    }
  });
}

function reasonOf(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted === true) return "it was interrupted.";
  return error instanceof Error ? error.message : String(error);
}

async function takeTurn(client: Client): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS held", [...COPY_LOCK]);
  if (rows[0]?.held !== true) throw new CopyError("Somebody else is copying a ledger into this database.");
}

/** Marks the target, and writes catalogue and clock. Nobody writes meanwhile, and a server that starts later sees the mark. */
async function begin(client: Client, source: LedgerSource, again: boolean): Promise<void> {
  const { name, loaded, base } = source;
  await atOnce(client, async () => {
    await client.query(`SELECT pg_advisory_xact_lock(${STATE_LOCK.join(", ")})`);
    const { rows } = await client.query<{ copying: string | null; is_empty: boolean }>(
      `SELECT copying, NOT EXISTS (SELECT 1 FROM countinghouse.lane)
         AND NOT EXISTS (SELECT 1 FROM countinghouse.resource)
         AND NOT EXISTS (SELECT 1 FROM countinghouse.catalogue) AS is_empty FROM countinghouse.state`,
    );
    const grown = ["SELECT 1 FROM countinghouse.entry LIMIT 1", "SELECT 1 FROM countinghouse.metering_record LIMIT 1"];
    const isEmpty = rows[0]?.is_empty === true && !(await isAny(client, grown));
    const [target] = rows;
    if (target === undefined) throw new CopyError("The ledger's row of state is missing.");
    if (target.copying === null && !isEmpty) {
      throw new CopyError(
        "The database holds a ledger already (a server that was started on it makes one). A ledger is copied into an empty one: give it another database, or drop the schema countinghouse.",
      );
    }
    if (target.copying !== null) {
      if (!again) {
        throw new CopyError(
          `A copy of ${target.copying} was begun there and did not come to its end. --again removes what it left, and begins anew.`,
        );
      }
      await client.query("TRUNCATE countinghouse.entry, countinghouse.metering_record");
      await client.query("TRUNCATE countinghouse.catalogue, countinghouse.lane, countinghouse.resource");
    }
    await client.query("UPDATE countinghouse.state SET copying = $1", [name]);
    await putExpiredSums(client, source.expiredSums());
    await writeState(client, { reset: true, catalogue: loaded.catalogue, clock: loaded.clock });
    await client.query(
      `INSERT INTO countinghouse.lane (number, seq, link, base_seq, base_link, any_expired)
       VALUES (${COPIED_LANE}, $1, $2, $1, $2, $3)`,
      [base.seq, Buffer.from(base.link, "hex"), base.seq > 0],
    );
  });
}

async function isAny(client: Client, statements: readonly string[]): Promise<boolean> {
  for (const statement of statements) if ((await client.query(statement)).rows.length > 0) return true;
  return false;
}

async function copyAll(
  client: Client,
  source: LedgerSource,
  onProgress: OnProgress = () => undefined,
): Promise<{ readonly entries: number; readonly meteringRecords: number }> {
  for (const page of source.resources()) await atOnce(client, () => writeResources(client, page, new Map()));
  let [entries, meteringRecords] = [0, 0];
  const tell = (): void => onProgress({ doing: "copying entries", done: entries, of: source.entries, unit: "entries" });
  tell();
  for (const page of source.pages()) {
    meteringRecords += await atOnce(client, () => insertEntries(client, page));
    entries += page.length;
    tell();
  }
  return { entries, meteringRecords };
}

/** Reads the target from its first entry to its last. Throws CopyError, and then leaves the mark. */
async function refuseDifference(
  client: Client,
  source: LedgerSource,
  copied: { readonly entries: number; readonly meteringRecords: number },
  onProgress?: OnProgress,
): Promise<Copied> {
  const lane = { lane: EMBEDDED_LANE, ...source.head };
  const known = [{ ...lane, source: source.name }];
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const found = await verifyLedger(client, known, { onProgress });
  const different = await differentResource(client, source);
  await client.query("COMMIT");
  const head = found.heads.find((each) => each.lane === EMBEDDED_LANE);
  const figures = [found, copied].map(
    ({ entries, meteringRecords }) => `${entries} entries, ${meteringRecords} records`,
  );
  const wanted = `${source.entries} entries, ${source.meteringRecords} records`;
  const odd = figures.find((text) => text !== wanted);
  const disagreement =
    found.disagreement ??
    different ??
    (head?.seq === lane.seq && head.link === lane.link ? undefined : "Its chain ends elsewhere.") ??
    (odd === undefined ? undefined : `It has ${odd}, and not ${wanted}.`);
  if (disagreement !== undefined) throw new CopyError(`The copy does not agree with its source. ${disagreement}`);
  return { ...copied, head: lane };
}

/** Says which resource differs, reading both ledgers in the order of ids, page by page; undefined where none does. */
async function differentResource(client: Client, source: LedgerSource): Promise<string | undefined> {
  let cursor: string | undefined;
  for (const wanted of source.resources()) {
    const page = await listResources(client, { cursor, limit: Math.max(wanted.length, 1) });
    const kept = page.items.map((resource) => JSON.stringify(resource));
    const other = wanted.find((resource, i) => resource.kept?.value !== kept[i]);
    if (other !== undefined) return `Resource ${other.resourceId} is not as it was.`;
    cursor = page.nextCursor;
  }
  return cursor === undefined ? undefined : "It has resources that its source has not.";
}

async function atOnce<T>(client: Client, run: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await run();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
