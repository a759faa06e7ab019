/** Texts that were seen before, as many as there is room for: two generations, of which the older one is dropped as a whole. */

export class Remembered {
  readonly #generationMax: number;
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set<string>();

  /** Remembers at least this many texts, and at most twice as many. */
  constructor(generationMax: number) {
    this.#generationMax = generationMax;
  }

  has(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text);
  }

  add(text: string): void {
    if (this.has(text)) return;
    this.#young.add(text);
    if (this.#young.size < this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}

/** The metering record ids that the client was given: the only way to recognise a replay. It takes some 10 to 20 MB. */
export class KnownIds extends Remembered {
  constructor() {
    super(100_000);
  }
}
