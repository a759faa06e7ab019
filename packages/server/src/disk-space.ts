/** The room on an embedded ledger's disk. When it is short, calls that change nothing are only counted, so that usage is kept. */
import type { ServeConfig } from "./config.ts";
import type { World } from "./world.ts";

const CHECKED_MS = 5_000;
const MIB = 1_048_576;

export class DiskSpace {
  readonly #folder: string | undefined;
  readonly #minBytes: number;
  readonly #freeBytes: World["freeBytes"];
  readonly #stopTimer: () => void;
  #free: number | undefined;

  constructor({ store, freeSpaceMinBytes }: Pick<ServeConfig, "store" | "freeSpaceMinBytes">, world: World) {
    this.#folder = store.kind === "sqlite" ? store.folder : undefined;
    this.#minBytes = freeSpaceMinBytes;
    this.#freeBytes = world.freeBytes;
    this.#look();
    this.#stopTimer = world.every(CHECKED_MS, () => this.#look());
  }

  /** Undefined where it is not known: a database has its disks elsewhere. */
  get freeBytes(): number | undefined {
    return this.#free;
  }

  get isShort(): boolean {
    return this.#free !== undefined && this.#free < this.#minBytes;
  }

  /** A remark for the operator; undefined where there is none. */
  get remark(): string | undefined {
    if (!this.isShort) return undefined;
    const free = Math.floor((this.#free ?? 0) / MIB);
    return `the disk has ${free} MiB left, less than the ${Math.floor(this.#minBytes / MIB)} MiB of --free-space-min-mib: only usage and changes are kept, other calls are counted`;
  }

  stop(): void {
    this.#stopTimer();
  }

  #look(): void {
    this.#free = this.#folder === undefined ? undefined : this.#freeBytes(this.#folder);
  }
}
