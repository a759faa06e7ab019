/**
 * The sums of a ledger in PostgreSQL. Whichever node is asked adds up what is missing, and answers from one snapshot that holds
 * everything that was committed before the question.
 */
import type { LaneHead } from "../../../ledger/chain-head.ts";
import { accruedUsesIn } from "../../../ledger/sums/accrued-uses.ts";
import {
  SUMS_MAX,
  SumsBehindError,
  type AccruedOf,
  type SumsAnswer,
  type SumsProgress,
  type SumsQuestion,
  type TallyCell,
  type TallyQuery,
} from "../../../ledger/sums/sums.ts";
import { tallyCellOf, type SumRow } from "../../../sum-tables/rows.ts";
import { SumsOfSpan, usageStatements, type Dialect, type UsageStatement } from "../../../sum-tables/usage-query.ts";
import { SUMS_LOCK } from "../locks.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import type { Reader } from "../reading/reader.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isStorable, laneName, laneNumber, type EntryRow } from "../rows.ts";
import { addUpSome, progressOf, readLanes } from "./follow.ts";

interface Times {
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How long whoever asks waits for what has not been added up. */
const WAITED_MS = 5_000;
/** Between two steps in which nothing could be added up, since it cannot be seen yet. */
const PAUSE_MS = 25;
const FETCHED_ROWS = 1_000;

const DIALECT: Dialect = {
  table: "countinghouse.usage_sum",
  place: (n) => `$${n}`,
  isAmong: (column, n) => `${column} = ANY ($${n}::text[])`,
  // Nothing is kept under a text that PostgreSQL cannot hold.
  texts: (values) => values.filter(isStorable),
};

export class PostgresSums {
  readonly #reader: Reader;
  readonly #times: Times;
  #underWay: Promise<void> | undefined;
  #stepUnderWay: Promise<SumsProgress> | undefined;
  #isStopping = false;

  constructor(reader: Reader, times: Times) {
    this.#reader = reader;
    this.#times = times;
  }

  get isAddingUp(): boolean {
    return this.#underWay !== undefined;
  }

  /** All that there is. Between two steps, the others get as much time as one takes. */
  async addUp(): Promise<void> {
    const { monotonicMs, sleep } = this.#times;
    const run = async (): Promise<void> => {
      for (;;) {
        const startMs = monotonicMs();
        const { done, of } = await this.#step();
        if (done >= of || this.#isStopping) return;
        await sleep(monotonicMs() - startMs);
      }
    };
    this.#underWay = run().finally(() => (this.#underWay = undefined));
    await this.#underWay;
  }

  /** Throws SumsBehindError or TooManySumsError. */
  async ask(question: SumsQuestion): Promise<SumsAnswer> {
    const { monotonicMs, sleep } = this.#times;
    const wanted = await this.#reader.again(readLanes);
    const untilMs = monotonicMs() + WAITED_MS;
    for (let before: SumsProgress | undefined; ;) {
      const answer = await this.#reader.atOneMoment((db) => answerFrom(db, question, wanted));
      if (answer !== undefined) return answer;
      const progress = await this.#step();
      if (progress.done < progress.of && monotonicMs() >= untilMs) throw new SumsBehindError(progress);
      if (progress.done === before?.done) await sleep(PAUSE_MS);
      before = progress;
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#underWay?.catch(() => undefined);
  }

  /** One at a time for all who ask here: each holds a connection while it waits for the lock. */
  #step(): Promise<SumsProgress> {
    const step = async (): Promise<SumsProgress> =>
      (await this.#reader.exclusively(SUMS_LOCK, addUpSome)) ?? (await this.#reader.atOneMoment(progressOf));
    this.#stepUnderWay ??= step().finally(() => (this.#stepUnderWay = undefined));
    return this.#stepUnderWay;
  }
}

/** Undefined where the sums have not come as far as is wanted. */
async function answerFrom(
  db: Queryable,
  { usage = [], tallies, accruedAfter }: SumsQuestion,
  wanted: Awaited<ReturnType<typeof readLanes>>,
): Promise<SumsAnswer | undefined> {
  const { rows } = await db.query<{ is_begun: boolean; complete_since_ms: string | null }>(
    "SELECT is_begun, complete_since_ms FROM countinghouse.sums",
  );
  const lanes = await readLanes(db);
  const positions = new Map(lanes.map((lane) => [lane.number, lane]));
  const isThere = wanted.every(({ number, headSeq }) => (positions.get(number)?.position ?? 0) >= headSeq);
  const fits = lanes.every(({ position, baseSeq }) => position >= baseSeq);
  if (rows[0]?.is_begun !== true || !isThere || !fits) return undefined;
  const since = rows[0].complete_since_ms ?? undefined;
  const sums: SumsAnswer["usage"][number][] = [];
  let left = SUMS_MAX;
  for (const span of usage) {
    const ofSpan = new SumsOfSpan(span, left);
    for (const statement of usageStatements(span, DIALECT)) {
      for await (const row of rowsOf(db, statement)) ofSpan.add(statement, row);
    }
    left -= ofSpan.all().length;
    sums.push(ofSpan.all());
  }
  const accrued: AccruedOf[] = [];
  if (accruedAfter !== undefined) {
    for (const lane of lanes) accrued.push(...(await accruedIn(db, lane.number, accruedAfter, lane.position)));
  }
  return {
    usage: sums,
    tallies: tallies === undefined ? [] : await readTallies(db, tallies),
    accrued,
    completeSinceMs: since === undefined ? undefined : Number(since),
  };
}

/** Some at a time: a question may read many more rows than it comes to sums, or be refused for them. */
async function* rowsOf(db: Queryable, { text, values }: UsageStatement): AsyncIterable<SumRow> {
  await db.query(`DECLARE sums_asked NO SCROLL CURSOR FOR ${text}`, [...values]);
  for (;;) {
    const { rows } = await db.query<SumRow>(`FETCH ${FETCHED_ROWS} FROM sums_asked`);
    yield* rows;
    if (rows.length < FETCHED_ROWS) break;
  }
  await db.query("CLOSE sums_asked");
}

async function readTallies(db: Queryable, { about, fromDay, toDay }: TallyQuery): Promise<TallyCell[]> {
  const { rows } = await db.query<SumRow>(
    "SELECT * FROM countinghouse.tally WHERE day >= $1 AND day < $2 AND about = ANY ($3::text[])",
    [fromDay, toDay, about],
  );
  return rows.map(tallyCellOf);
}

/** They are few: what was committed while somebody read the resources. Of a lane that had no head then, all is new. */
async function accruedIn(
  db: Queryable,
  lane: number,
  after: readonly LaneHead[],
  through: number,
): Promise<readonly AccruedOf[]> {
  const head = after.find((each) => laneNumber(each.lane) === lane) ?? { lane: laneName(lane), seq: 0 };
  if (head.seq >= through) return [];
  const { rows } = await db.query<EntryRow>({
    name: "accrued-since",
    text: `SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry
      WHERE lane = $1 AND seq > $2 AND seq <= $3 AND strpos(body, 'usage-accrued') > 0 ORDER BY seq`,
    values: [lane, head.seq, through],
  });
  return accruedUsesIn(rows.map(encodedEntryOf));
}
