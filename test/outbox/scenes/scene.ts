/** One outbox before a service in this process, for what a test wants to see happen. */
import { openOutbox, type Outbox, type OutboxOptions, type OutboxStore } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { afterAll, onTestFinished } from "vitest";
import { outboxesInPostgres, type OutboxesInPostgres } from "../../../packages/outbox/testing/postgres-outboxes.ts";
import { METERS } from "../model/lived.ts";
import { ModelService } from "../model/service.ts";
import { whyNoPostgres } from "../../support/postgres/database.ts";

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
/** How long an event is waited for, on a machine that does other things. */
export const PATIENCE = { timeout: 30_000 };
/** Half an hour into an hour. */
export const START = Date.parse("2026-11-10T10:30:00Z");
export const ACCOUNT = "111122223333";

interface Scene {
  readonly outbox: Outbox;
  readonly store: OutboxStore;
  readonly service: ModelService;
  /** Time goes on, for the service and this machine. */
  readonly pass: (minutes: number) => void;
  /** Only this machine's clock. */
  readonly skew: (minutes: number) => void;
  /** Records, of `t-0` now, unless it is said otherwise. */
  readonly use: (
    quantity: string,
    more?: {
      readonly meter?: string;
      readonly tenant?: string;
      readonly minutesAgo?: number;
      readonly tags?: Record<string, string>;
    },
  ) => Promise<void>;
  readonly states: () => Promise<Record<string, number>>;
  /** Another process on the same store. */
  readonly another: (options?: Partial<OutboxOptions>) => Promise<Outbox>;
}

export type MakeScene = (
  options?: Partial<OutboxOptions>,
  identicalIs?: "Success" | "DuplicateRecord",
) => Promise<Scene>;

let outboxes: OutboxesInPostgres | undefined;
afterAll(() => outboxes?.remove());

async function storeInPostgres(): Promise<OutboxStore> {
  outboxes ??= await outboxesInPostgres();
  const { store, remove } = await outboxes.bare();
  onTestFinished(remove);
  return store;
}

/** Nobody waits, and everybody has a turn. */
const shortly = (): Promise<void> => new Promise((resume) => setImmediate(resume));

export async function scene(
  options: Partial<OutboxOptions> = {},
  identicalIs: "Success" | "DuplicateRecord" = "Success",
): Promise<Scene> {
  const service = new ModelService(START, identicalIs);
  const store = options.store ?? sqliteStore(":memory:");
  let [machineMs, monotonicMs, number] = [START, 0, 0];
  const another = (more: Partial<OutboxOptions> = {}): Promise<Outbox> =>
    openOutbox({
      name: "scene",
      store,
      client: service.client(() => monotonicMs),
      meters: METERS,
      holdOpenSeconds: 600,
      requestsPerSecond: 50_000,
      world: { machineMs: () => machineMs, monotonicMs: () => monotonicMs, delay: shortly },
      ...options,
      ...more,
    });
  const outbox = await another();
  onTestFinished(() => outbox.close());
  await outbox.bind({
    tenant: "t-0",
    productCode: METERS.gb.productCode,
    customerAccountId: ACCOUNT,
    from: START - 72 * HOUR_MS,
  });
  return {
    outbox,
    store,
    service,
    another,
    pass: (minutes) => {
      service.nowMs += minutes * MINUTE_MS;
      machineMs += minutes * MINUTE_MS;
      monotonicMs += minutes * MINUTE_MS;
    },
    skew: (minutes) => (machineMs += minutes * MINUTE_MS),
    use: async (quantity, { meter = "seats", tenant = "t-0", minutesAgo = 0, tags } = {}) => {
      number += 1;
      const at = new Date(service.nowMs - minutesAgo * MINUTE_MS);
      await outbox.record({ readingId: `r-${number}`, tenant, meter, quantity, at, tags });
    },
    states: async () => Object.fromEntries((await store.summary()).entries.map(({ state, count }) => [state, count])),
  };
}

/** Scenes by the store that they play in. */
export const SCENES: readonly (readonly [string, MakeScene])[] = [
  ["SQLite", scene],
  ...(whyNoPostgres() === undefined
    ? [
        [
          "PostgreSQL",
          async (options, identicalIs) => scene({ store: await storeInPostgres(), ...options }, identicalIs),
        ] as const satisfies readonly [string, MakeScene],
      ]
    : []),
];

/** The same store, but for what is said otherwise. */
export function changed(store: OutboxStore, change: Partial<OutboxStore>): OutboxStore {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(change, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
