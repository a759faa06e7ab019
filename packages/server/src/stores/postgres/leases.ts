/**
 * Which node does what only one is to do at a time. A lease is a row, good for a while by the database's clock, and
 * renewed by the node that holds it; when that one is gone it runs out, and another takes it.
 *
 * It spares double work and no more: a node that was slow may believe for a moment that it holds what it has lost, so
 * whatever it does must be right when two do it.
 */
import { FaultError } from "../../ledger/ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";
import { errorOf } from "./trouble.ts";

const LEASE_MS = 20_000;
/** How often the holder renews: several times before it runs out. */
export const RENEWAL_MS = 5_000;

// The clock is read first: what was held then and has run out since is left alone for once more. That keeps the statement
// free of what a distributed table would refuse.
const NOW = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now_ms, gen_random_uuid() AS fresh`;

const TAKE = `INSERT INTO countinghouse.lease AS kept (name, holder, until_ms) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
    WHERE kept.holder = excluded.holder OR kept.until_ms < $4
  RETURNING 1`;

export class Leases {
  readonly #db: Queryable;
  readonly #held = new Set<string>();
  /** Which node this is, as the database named it. */
  #holder: string | undefined;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Takes it, or keeps it; false where another has it, or the database cannot say. */
  async hold(name: string): Promise<boolean> {
    try {
      const held = await this.#take(name);
      if (held) this.#held.add(name);
      else this.#held.delete(name);
      return held;
    } catch (error) {
      const trouble = errorOf(error, "A lease could not be asked for");
      if (trouble instanceof FaultError) return false;
      throw trouble;
    }
  }

  async renew(): Promise<void> {
    for (const name of this.#held) await this.hold(name);
  }

  /** So that the next node need not wait. */
  async release(): Promise<void> {
    if (this.#held.size === 0) return;
    this.#held.clear();
    await this.#db.query("DELETE FROM countinghouse.lease WHERE holder = $1", [this.#holder]).catch(() => undefined);
  }

  async #take(name: string): Promise<boolean> {
    const { rows: times } = await this.#db.query<{ now_ms: string; fresh: string }>({ name: "lease-now", text: NOW });
    const [row] = times;
    const nowMs = Number(row?.now_ms);
    this.#holder ??= row?.fresh;
    const values = [name, this.#holder, nowMs + LEASE_MS, nowMs];
    const { rows } = await this.#db.query({ name: "lease-take", text: TAKE, values });
    return rows.length === 1;
  }
}
