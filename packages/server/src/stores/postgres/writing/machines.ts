/** On which machine each product's rows lie, where a ledger lies on several. Groups for one machine must not use all lanes. */
import { bigints } from "../arrays.ts";
import { shardKeyOf } from "../keys.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import type { Group } from "./waiting-work.ts";

const COLUMNS_MAX = 100_000;

const MACHINES = `SELECT k::text AS shard_key, n.nodename || ':' || n.nodeport AS machine
  FROM unnest($1::bigint[]) AS k
    JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('countinghouse.entry', k)
    JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'`;

export class Machines {
  readonly #db: Queryable;
  /** How many lanes may be at work for one machine. */
  readonly #lanesMax: number;
  #machines = new Map<string, string | undefined>();

  constructor(db: Queryable, lanes: number) {
    this.#db = db;
    this.#lanesMax = Math.max(1, Math.floor(lanes / 2));
  }

  /** Whether a group of this product may be begun beside the groups that are under way. */
  mayBegin(column: string, underWay: ReadonlySet<Group>): boolean {
    if (!this.#machines.has(column)) this.#ask(column);
    const machine = this.#machines.get(column);
    if (machine === undefined || !this.#areSeveral()) return true;
    return [...underWay].filter((group) => this.#machines.get(group.column) === machine).length < this.#lanesMax;
  }

  /** Looks up where products lie now, because an operator may move shards. */
  async learn(columns: Iterable<string> = this.#machines.keys()): Promise<void> {
    const asked = new Map([...columns].map((column) => [String(shardKeyOf(column)), column]));
    const { rows } = await this.#db.query<{ shard_key: string; machine: string }>(MACHINES, [
      bigints([...asked.keys()].map(BigInt)),
    ]);
    for (const { shard_key: shardKey, machine } of rows) this.#machines.set(asked.get(shardKey) ?? "", machine);
  }

  /** Asks for the product's machine. Until the answer is there, its groups may begin. */
  #ask(column: string): void {
    if (this.#machines.size >= COLUMNS_MAX) this.#machines.clear();
    this.#machines.set(column, undefined);
    void this.learn([column]).catch(() => this.#machines.delete(column));
  }

  #areSeveral(): boolean {
    return new Set(this.#machines.values()).size > 1;
  }
}
