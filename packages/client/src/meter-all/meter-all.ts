/**
 * Meters any number of usage records, and reports of each what became of it.
 *
 * Without windows, the input is read to its end before the first record is sent, because only then is it known which records
 * share a key, and two such records must never be sent apart. So memory grows with the input, by some hundred bytes for each
 * record.
 */
import type { MeterableRecord } from "../batch/line.ts";
import type { Accepted, MeterAllResult, Replay, Verdict } from "../batch/result.ts";
import { MeteringError, invalidInput } from "../outcome.ts";
import { GiveWay } from "./reading/give-way.ts";
import type { Entry } from "./lines/input-line.ts";
import { CONCURRENCY, RESENDS_MAX, checkOptions, type MeterAllOptions } from "./options.ts";
import { Progress, type MeterAllProgress } from "./progress.ts";
import type { KnownIds } from "./lines/remembered.ts";
import { Sender, type Metering } from "./sending/sender.ts";
import { Sending } from "./sending/sending.ts";
import { Windows } from "./reading/windows.ts";

export type MeterAllInput<Item extends MeterableRecord> = Iterable<Item> | AsyncIterable<Item>;

/**
 * The results in the order in which they come. Nothing is sent before the first result is asked for. They can be asked for
 * once, in one of three ways; a second time is an `InvalidInputError`, because the remaining results would look like all of
 * them.
 */
export class MeterAllRun<Item extends MeterableRecord> implements AsyncIterable<MeterAllResult<Item>> {
  #results: AsyncGenerator<MeterAllResult<Item>> | undefined;
  readonly #progress = new Progress();

  constructor(records: MeterAllInput<Item>, options: MeterAllOptions, metering: Metering, knownIds: KnownIds) {
    checkOptions(options);
    const stop = new AbortController();
    const results = meterAllResults(records, options, { stop, progress: this.#progress, metering, knownIds });
    this.#results = stoppable(results, stop);
  }

  [Symbol.asyncIterator](): AsyncIterator<MeterAllResult<Item>> {
    const results = this.#results;
    if (results === undefined)
      throw invalidInput("The results of a meterAll can be read only once, and they were read already.");
    this.#results = undefined;
    return results;
  }

  /** How far the run has come, at any time. */
  get progress(): MeterAllProgress {
    return this.#progress.snapshot();
  }

  /** All results, in the order of the input. */
  async toArray(): Promise<MeterAllResult<Item>[]> {
    const results: MeterAllResult<Item>[] = [];
    for await (const result of this) results.push(result);
    return results.toSorted((a, b) => a.index - b.index);
  }

  /**
   * Waits for the end. Throws a `MeteringError`, `NotAllAcceptedError`, with all results as its `cause`, if any record was not
   * metered, or the run was aborted before the end of its input. A replay counts as metered.
   */
  async assertAllAccepted(): Promise<(Accepted<Item> | Replay<Item>)[]> {
    const results = await this.toArray();
    const fine = results.filter((result) => result.status === "accepted" || result.status === "replay");
    if (fine.length === results.length && !this.#progress.isCutShort) return fine;
    const counts = new Map<string, number>();
    for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
    const list = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
    const count = `Of ${results.length} usage records ${results.length - fine.length} were not accepted`;
    const more = this.#progress.isCutShort ? " The run was aborted before its input had ended." : "";
    const message = `${count}${list === "" ? "" : `: ${list}`}.${more}`;
    throw new MeteringError({ name: "NotAllAcceptedError", message, cause: results });
  }
}

/**
 * A generator whose `return` and `throw` stop the run at once, even while its next result is awaited; a plain generator would
 * notice them only after that result.
 */
function stoppable<T>(results: AsyncGenerator<T, undefined>, stop: AbortController): AsyncGenerator<T, undefined> {
  const end = results.return.bind(results);
  const fail = results.throw.bind(results);
  return Object.assign(results, {
    return: (value: undefined) => {
      stop.abort();
      return end(value);
    },
    throw: (error: unknown) => {
      stop.abort();
      return fail(error);
    },
  });
}

async function* meterAllResults<Item extends MeterableRecord>(
  records: MeterAllInput<Item>,
  options: MeterAllOptions,
  { stop, progress, metering, knownIds }: RunParts,
): AsyncGenerator<MeterAllResult<Item>, undefined> {
  const { signal } = options;
  const onAbort = (): void => stop.abort();
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort);
  const bell = new Bell();
  const giveWay = new GiveWay(metering.world);
  const decided: Decided<Item>[] = [];
  const decide = (entry: Entry<Item>, verdict: Verdict): void => void decided.push({ entry, verdict });
  const sender = new Sender<Item>({
    metering,
    knownIds,
    progress,
    isKnown: (id) => knownIds.has(id) || options.knownIds?.has(id) === true,
    ruleSet: options.ruleSet ?? "current",
    resendsMax: options.resendsMax ?? RESENDS_MAX,
    resendForMs: options.resendForMs,
    signal,
    stop: stop.signal,
  });
  const parts = { decide, progress, giveWay, stop: stop.signal, wake: () => bell.ring() };
  const windows = new Windows(records, options, parts);
  const sending = new Sending(sender, options.concurrency ?? CONCURRENCY, parts);
  try {
    // While the program handles a result, more records may be read, and batches may end.
    for (;;) {
      const batches = windows.take();
      if (batches !== undefined) sending.add(batches);
      if (!sending.fill()) windows.begin();
      if (decided.length === 0) {
        if (!sending.isUnderWay && windows.isOver) return;
        await bell.heard();
      }
      for (const { entry, verdict } of decided.splice(0)) {
        progress.count(verdict.status);
        yield { ...verdict, ...entry };
        if (giveWay.isDue()) await giveWay.now();
      }
    }
  } finally {
    // When the program stops listening, requests that were sent are awaited, and no more are sent.
    stop.abort();
    await Promise.all([sending.settled(), windows.settled()]);
    signal?.removeEventListener("abort", onAbort);
  }
}

interface RunParts {
  readonly stop: AbortController;
  readonly progress: Progress;
  readonly metering: Metering;
  readonly knownIds: KnownIds;
}

interface Decided<Item> {
  readonly entry: Entry<Item>;
  readonly verdict: Verdict;
}

/** Wakes one waiter, who also notices news that came before the wait. */
class Bell {
  #hasRung = false;
  #hear: () => void = () => undefined;

  ring(): void {
    this.#hasRung = true;
    this.#hear();
  }

  async heard(): Promise<void> {
    if (!this.#hasRung) await new Promise<void>((resolve) => (this.#hear = resolve));
    this.#hasRung = false;
  }
}
