/** Numbers for names, given on first use and kept for ever. A cache in front spares the look-up. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Names are those of the catalogue, so the cache is as small as that; the bound only guards against surprises. */
const CACHED_MAX = 1_000_000;

export class Names {
  readonly #select: StatementSync;
  readonly #selectText: StatementSync;
  readonly #insert: StatementSync;
  #numbers = new Map<string, number>();
  #texts = new Map<number, string>();

  constructor(db: DatabaseSync) {
    this.#select = db.prepare("SELECT id FROM name WHERE text = ?");
    this.#selectText = db.prepare("SELECT text FROM name WHERE id = ?");
    this.#insert = db.prepare("INSERT INTO name (text) VALUES (?)");
  }

  /** The name's number, or undefined for a name that was never given one. */
  find(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const row = this.#select.get(text);
    return row === undefined ? undefined : this.#remember(text, Number(row["id"]));
  }

  /** The name's number, given now where it has none. Within a transaction. */
  number(text: string): number {
    return this.find(text) ?? this.#remember(text, Number(this.#insert.run(text).lastInsertRowid));
  }

  text(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const text = String(this.#selectText.get(number)?.["text"]);
    this.#remember(text, number);
    return text;
  }

  /** After a roll-back: numbers given in it were never given. */
  forget(): void {
    this.#numbers = new Map();
    this.#texts = new Map();
  }

  #remember(text: string, number: number): number {
    if (this.#numbers.size >= CACHED_MAX) this.forget();
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
    return number;
  }
}
