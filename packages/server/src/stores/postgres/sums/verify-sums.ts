/** Holds the sums against the entries, added up again, as both are in one snapshot. */
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { sumsOf } from "../../../ledger/sums/sum-deltas.ts";
import type { TallyCell, UsageCell } from "../../../ledger/sums/sums.ts";
import { SumsComparison } from "../../../ledger/sums/sums-comparison.ts";
import { tallyCellOf, usageCellsOf, type SumRow } from "../../../sum-tables/rows.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import type { FollowedEntry } from "../reading/verify-chains.ts";
import { readLanes } from "./follow.ts";

export class SumsCheck {
  readonly #db: Queryable;
  readonly #comparison = new SumsComparison();
  readonly #positions: ReadonlyMap<number, number>;

  private constructor(db: Queryable, positions: ReadonlyMap<number, number>) {
    this.#db = db;
    this.#positions = positions;
  }

  /** Undefined where there are no sums, or such as a server makes anew before it reads them. */
  static async begin(db: Queryable): Promise<SumsCheck | undefined> {
    const { rows } = await db.query<{ is_begun: boolean }>("SELECT is_begun FROM countinghouse.sums");
    const lanes = await readLanes(db);
    if (rows[0]?.is_begun !== true || lanes.some(({ position, baseSeq }) => position < baseSeq)) return undefined;
    const check = new SumsCheck(db, new Map(lanes.map(({ number, position }) => [number, position])));
    for (const day of await daysOf(db, "expired_usage")) {
      check.#comparison.expect({ usage: await usageOf(db, "expired_usage", day), tallies: [] });
    }
    for (const day of await daysOf(db, "expired_tally")) {
      check.#comparison.expect({ usage: [], tallies: await talliesOf(db, "expired_tally", day) });
    }
    return check;
  }

  /** Entries that have not been added up yet are left out. */
  see(entries: readonly FollowedEntry[]): void {
    const added = entries.filter(({ lane, seq }) => seq <= (this.#positions.get(lane) ?? 0));
    this.#comparison.expect(sumsOf(added.map(({ entry }) => entry)));
  }

  /** Throws Disagreement. */
  async end(): Promise<void> {
    for (const day of await daysOf(this.#db, "usage_sum")) {
      refuse(this.#comparison.see(await usageOf(this.#db, "usage_sum", day), []));
    }
    for (const day of await daysOf(this.#db, "tally")) {
      refuse(this.#comparison.see([], await talliesOf(this.#db, "tally", day)));
    }
    refuse(this.#comparison.rest());
  }
}

const REMEDY = "UPDATE countinghouse.sums SET is_begun = false has them made anew.";

function refuse(difference: string | undefined): void {
  if (difference === undefined) return;
  throw new Disagreement(`The sums beside the entries do not agree with them. ${difference} ${REMEDY}`);
}

/** One after the other, by the index. */
async function daysOf(db: Queryable, table: string): Promise<readonly number[]> {
  const { rows } = await db.query<{ day: number }>(`SELECT DISTINCT day FROM countinghouse.${table} ORDER BY day`);
  return rows.map(({ day }) => day);
}

async function usageOf(db: Queryable, table: string, day: number): Promise<UsageCell[]> {
  const { rows } = await db.query<SumRow>(`SELECT * FROM countinghouse.${table} WHERE day = $1`, [day]);
  return rows.flatMap(usageCellsOf);
}

async function talliesOf(db: Queryable, table: string, day: number): Promise<TallyCell[]> {
  const { rows } = await db.query<SumRow>(`SELECT * FROM countinghouse.${table} WHERE day = $1`, [day]);
  return rows.map(tallyCellOf);
}
