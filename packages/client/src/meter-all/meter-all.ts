/**
 * Meters any number of usage records, and says of every one what became of it.
 *
 * The input is read to its end before the first record is sent: only then is it known that no two share a key, and two
 * that do must never be sent apart. So memory grows with the input, by a few hundred bytes a record.
 */
import { MeteringError, invalidInput } from "../outcome.ts";
import { Intake, type MeterableRecord } from "./intake.ts";
import type { KnownIds } from "./known-ids.ts";
import { CONCURRENCY, RESENDS_MAX, checkOptions, type MeterAllOptions } from "./options.ts";
import { packed, type Batch } from "./pack.ts";
import type { Accepted, MeterAllResult, Replay, Verdict } from "./result.ts";
import { Sender, type Metering } from "./sender.ts";

export type MeterAllInput<Item extends MeterableRecord> = Iterable<Item> | AsyncIterable<Item>;

/**
 * The results as they come, in no order. Nothing is sent before somebody asks for the first. They can be asked for once,
 * in one of three ways; a second time is an `InvalidInputError`, since what is left of them would look like all of them.
 */
export class MeterAllRun<Item extends MeterableRecord> implements AsyncIterable<MeterAllResult<Item>> {
  #results: AsyncGenerator<MeterAllResult<Item>> | undefined;

  constructor(records: MeterAllInput<Item>, options: MeterAllOptions, metering: Metering, knownIds: KnownIds) {
    checkOptions(options);
    this.#results = meterAllResults(records, options, metering, knownIds);
  }

  [Symbol.asyncIterator](): AsyncIterator<MeterAllResult<Item>> {
    const results = this.#results;
    if (results === undefined) throw invalidInput("The results of a meterAll can be asked for once, and were before.");
    this.#results = undefined;
    return results;
  }

  /** All results, in the order of the input. */
  async toArray(): Promise<MeterAllResult<Item>[]> {
    const results: MeterAllResult<Item>[] = [];
    for await (const result of this) results.push(result);
    return results.toSorted((a, b) => a.index - b.index);
  }

  /**
   * Goes to the end; throws a `MeteringError`, `NotAllAcceptedError`, if any record was not metered, with all results as
   * its `cause`. A replay was metered before, and is fine.
   */
  async assertAllAccepted(): Promise<(Accepted<Item> | Replay<Item>)[]> {
    const results = await this.toArray();
    const fine = results.filter((result) => result.status === "accepted" || result.status === "replay");
    if (fine.length === results.length) return fine;
    const counts = new Map<string, number>();
    for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
    const list = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
    const message = `Of ${results.length} usage records ${results.length - fine.length} were not accepted: ${list}.`;
    throw new MeteringError({ name: "NotAllAcceptedError", message, cause: results });
  }
}

async function* meterAllResults<Item extends MeterableRecord>(
  records: MeterAllInput<Item>,
  options: MeterAllOptions,
  metering: Metering,
  knownIds: KnownIds,
): AsyncGenerator<MeterAllResult<Item>, undefined> {
  const items: Item[] = [];
  const decided: { readonly index: number; readonly verdict: Verdict }[] = [];
  const { productCode, sameKey = "refuse", signal } = options;
  const decide = (index: number, verdict: Verdict): void => {
    decided.push({ index, verdict });
  };
  const intake = new Intake({ decide, productCode, sameKey });
  for await (const record of records) {
    intake.take(record, items.length);
    items.push(record);
  }
  const queue = packed(intake.lines());
  const results = function* (): Generator<MeterAllResult<Item>> {
    for (const { index, verdict } of decided.splice(0)) yield { ...verdict, record: items[index] as Item, index };
  };
  const sender = new Sender({
    metering,
    knownIds,
    isKnown: (id) => knownIds.has(id) || options.knownIds?.has(id) === true,
    ruleSet: options.ruleSet ?? "current",
    resendsMax: options.resendsMax ?? RESENDS_MAX,
    signal,
  });
  const underWay = new Set<Promise<void>>();
  const start = (batch: Batch): void => {
    const sending = sender.send(batch).then(({ verdicts, next }) => {
      for (const [line, verdict] of verdicts) for (const index of line.indices) decide(index, verdict);
      // Halves and leftovers go before what was never sent: they are the oldest.
      queue.push(...next.toReversed());
      underWay.delete(sending);
    });
    underWay.add(sending);
  };
  // A stack: the next batch is the last of the list.
  queue.reverse();
  const concurrency = options.concurrency ?? CONCURRENCY;
  try {
    // While a result is being looked at, others may come in and the last batch may end.
    while (queue.length > 0 || underWay.size > 0 || decided.length > 0) {
      for (;;) {
        if (underWay.size >= concurrency) break;
        const batch = queue.pop();
        if (batch === undefined) break;
        start(batch);
      }
      if (decided.length === 0) await Promise.race(underWay);
      yield* results();
    }
  } finally {
    // Whoever stops listening still gets an orderly end: what was sent is waited for, nothing more is sent.
    await Promise.allSettled(underWay);
  }
}
