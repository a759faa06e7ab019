/**
 * Says which node does work that only one node is to do at a time. A lease is a row that is valid for a while by the database's
 * clock. The node that holds it renews it; when that node is gone, the lease runs out and another node takes it.
 *
 * A lease only spares double work. A slow node may believe for a moment that it still holds a lease that it has lost, so work
 * under a lease must be right even when two nodes do it.
 */
import { FaultError } from "../../ledger/ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";
import { errorOf } from "./trouble.ts";

const LEASE_MS = 20_000;
/** How often the holder renews the lease: several times before it runs out. */
export const RENEWAL_MS = 5_000;

// The time is read by a statement before `TAKE`. A lease that runs out between these two is taken at the next try instead. So
// `TAKE` calls no function that Citus refuses for a distributed table.
const NOW = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now_ms, gen_random_uuid() AS fresh`;

const TAKE = `INSERT INTO countinghouse.lease AS kept (name, holder, until_ms) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
    WHERE kept.holder = excluded.holder OR kept.until_ms < $4
  RETURNING 1`;

export class Leases {
  readonly #db: Queryable;
  readonly #held = new Set<string>();
  /** The name that the database gave this node. */
  #holder: string | undefined;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Takes or renews the lease; answers false where another node holds it, or the database cannot be asked. */
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

  /** Gives the leases back, so that the next node need not wait until they run out. */
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
