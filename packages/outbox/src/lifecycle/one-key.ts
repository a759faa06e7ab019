/** Trouble of one key: of its data, or a defect. It is told, and holds up no other key; trouble of the store ends the run. */
import { OutboxError } from "../store/outbox-error.ts";
import type { AlarmKind } from "../store/rows.ts";
import type { OutboxStore, StoreTransaction } from "../store/store.ts";
import type { World } from "../world.ts";

export type Transact = <T>(work: (transaction: StoreTransaction) => Promise<T>) => Promise<T>;

/** Thrown to undo an entry into which nothing went. */
export class Nothing extends Error {}

class KeyTrouble extends Error {}

/** Transactions of which it is known whether their trouble is of the store, or of what they worked on. */
function toldApart(transact: Transact): Transact {
  return async (work) => {
    try {
      return await transact(work);
    } catch (error) {
      if (error instanceof OutboxError || error instanceof Nothing) throw error;
      throw new KeyTrouble("One key cannot be worked on.", { cause: error });
    }
  };
}

type AlarmOfPass = Extract<AlarmKind, "ambiguous-binding" | "not-closed">;

interface PassParts {
  readonly alarms: OutboxStore["alarms"];
  readonly transact: Transact;
  readonly world: Pick<World, "machineMs">;
}

/** What one pass over the hours finds wrong: told once, while it is so, and taken back by the first pass that does not find it. */
export class PassAlarms {
  readonly transact: Transact;
  readonly #parts: PassParts;
  readonly #found = new Set<string>();
  #known: Map<string, string> | undefined;

  constructor(parts: PassParts) {
    this.#parts = parts;
    this.transact = toldApart(parts.transact);
  }

  /** It is so, though it need not be told yet. */
  found(kind: AlarmOfPass, subject: string): void {
    this.#found.add(keyOf(kind, subject));
  }

  async tell(kind: AlarmOfPass, subject: string, message: string): Promise<void> {
    this.found(kind, subject);
    const known = await this.#alarms();
    const key = keyOf(kind, subject);
    if (known.get(key) === message) return;
    known.set(key, message);
    const { transact, world } = this.#parts;
    await transact((transaction) => transaction.raiseAlarms([{ kind, subject, message }], world.machineMs()));
  }

  /** Runs work on one key. `subject`: what the alarm is about, and begins with. */
  async apart(subject: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof KeyTrouble)) throw error;
      const { cause } = error;
      const message = `${subject} cannot be closed, and is tried again: ${cause instanceof Error ? cause.message : String(cause)}`;
      // Within a transaction that is of no use any more (a dry run), what was wrong first is what matters.
      await this.tell("not-closed", subject, message).catch(() => {
        throw cause;
      });
    }
  }

  /** The whole of what waits was looked at. */
  async end(): Promise<void> {
    const over = [...(await this.#alarms()).keys()].filter((key) => !this.#found.has(key));
    if (over.length === 0) return;
    await this.#parts.transact(async (transaction) => {
      for (const key of over) {
        const [kind, subject] = JSON.parse(key) as [AlarmOfPass, string];
        await transaction.clearAlarms(kind, subject);
      }
    });
  }

  async #alarms(): Promise<Map<string, string>> {
    this.#known ??= new Map(
      (await this.#parts.alarms({ kinds: ["ambiguous-binding", "not-closed"] })).map(({ kind, subject, message }) => [
        keyOf(kind, subject),
        message,
      ]),
    );
    return this.#known;
  }
}

function keyOf(kind: AlarmKind, subject: string): string {
  return JSON.stringify([kind, subject]);
}
