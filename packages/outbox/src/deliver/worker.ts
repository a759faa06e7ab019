/** Delivers again and again, in the midst of a program, and tells of alarms. Trouble never ends it: the next run tries again. */
import type { Alarm } from "../store/rows.ts";
import type { OutboxStore } from "../store/store.ts";
import type { Logger, World } from "../world.ts";
import type { DeliveryReport } from "./run.ts";

export interface WorkerOptions {
  /** How long to wait between two runs, in seconds; by default 15. */
  readonly everySeconds?: number | undefined;
  /** Is told of each alarm at least once. One that throws, or rejects, is told again. */
  readonly onAlarm?: ((alarm: Alarm) => void | Promise<void>) | undefined;
  /** Is told of each run. */
  readonly onRun?: ((report: DeliveryReport) => void) | undefined;
}

interface WorkerParts {
  readonly store: OutboxStore;
  readonly logger: Logger;
  readonly world: Pick<World, "delay">;
}

const EVERY_SECONDS = 15;

export class Worker implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;

  constructor(run: (signal: AbortSignal) => Promise<DeliveryReport>, parts: WorkerParts, options: WorkerOptions) {
    this.#ended = this.#go(run, parts, options);
  }

  /** Begins no more calls, and waits for those under way. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #go(
    run: (signal: AbortSignal) => Promise<DeliveryReport>,
    parts: WorkerParts,
    options: WorkerOptions,
  ): Promise<void> {
    const { everySeconds = EVERY_SECONDS, onRun } = options;
    const { signal } = this.#ending;
    const { logger, world } = parts;
    while (!signal.aborted) {
      try {
        const report = await run(signal);
        onRun?.(report);
        const { stoppedBy } = report;
        if (stoppedBy !== undefined) logger.error?.(`The outbox cannot send: ${stoppedBy.name}: ${stoppedBy.message}`);
      } catch (error) {
        logger.error?.(`A delivery run failed, and is tried again: ${textOf(error)}`);
      }
      // Of a run that failed, too: that it did is an alarm.
      await tell(parts, options).catch((error: unknown) =>
        logger.error?.(`Alarms could not be told, and are told later: ${textOf(error)}`),
      );
      await world.delay(everySeconds * 1000, signal);
    }
  }
}

/** How many are told in one go. */
const TOLD_MAX = 1_000;

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function tell({ store, logger }: WorkerParts, { onAlarm }: WorkerOptions): Promise<void> {
  const alarms = await store.alarms({ untold: true, limit: TOLD_MAX });
  for (const alarm of alarms) {
    logger.warn?.(`Alarm ${alarm.kind}: ${alarm.message}`);
    try {
      await onAlarm?.(alarm);
    } catch (error) {
      logger.error?.(`Whoever is told of alarms failed: ${String(error)}`);
      continue;
    }
    const told = { alarmId: alarm.alarmId, toldCount: alarm.count };
    await store.transact((transaction) => transaction.alarmsTold([told]));
  }
}
