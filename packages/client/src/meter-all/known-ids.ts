/** The metering record ids that a client was given: the only way to know a replay when it sees one. */

/** The oldest are forgotten beyond this many; some 10 MB. */
const IDS_MAX = 100_000;

export class KnownIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    if (this.#ids.size <= IDS_MAX) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
