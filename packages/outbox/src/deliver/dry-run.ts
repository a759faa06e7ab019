/** What a run would send now: it is closed and packed within a transaction, which is then undone. */
import { batchInputOf } from "@countinghouse/client/batch";
import { batchMeterUsage, encoderOf } from "@countinghouse/protocol";
import { freezeDue, type Reads } from "../lifecycle/freeze-due.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { StoreTransaction } from "../store/store.ts";
import type { Calling } from "./calls.ts";
import { batchesOf, entryLineOf } from "./lines.ts";

export interface DryRun {
  /** The body of each BatchMeterUsage, as it would go out. */
  readonly calls: readonly string[];
  readonly records: number;
  /** Nothing is closed, and why. */
  readonly heldBack: string | undefined;
}

/** Thrown to undo what was only tried. */
class Undone extends Error {
  readonly result: DryRun;
  constructor(result: DryRun) {
    super("A dry run leaves nothing behind.");
    this.result = result;
  }
}

const requestText = encoderOf(batchMeterUsage.input);

export async function dryRun({ store, client, clock, world }: Calling): Promise<DryRun> {
  const [meter] = await store.meters();
  if (meter === undefined) return { calls: [], records: 0, heldBack: undefined };
  const asked = await client.batchMeterUsageOutcome(
    { productCode: meter.productCode, usageRecords: [] },
    { maxAttempts: 1 },
  );
  const serviceMs = clock.toldMs;
  if (serviceMs === undefined) throw asked.error ?? new OutboxError("refused", "The service does not tell its time.");
  try {
    return await store.transact(async (transaction) => {
      throw new Undone(await tried(transaction, { store, client, clock, world, sender: "" }, serviceMs));
    });
  } catch (error) {
    if (error instanceof Undone) return error.result;
    throw error;
  }
}

async function tried(transaction: StoreTransaction, { world }: Calling, serviceMs: number): Promise<DryRun> {
  const reads: Reads = {
    storeRow: () => transaction.storeRow(),
    meters: () => transaction.meters(),
    bindings: (filter) => transaction.bindings(filter),
    waiting: (filter) => transaction.waiting(filter),
    entries: (filter) => transaction.entries(filter),
    // Alarms are not this run's to raise.
    readingsOf: async () => [],
    alarms: async () => [],
  };
  const quiet = { ...world, reached: () => undefined, delay: async () => undefined };
  const transact = <T>(work: (inner: StoreTransaction) => Promise<T>): Promise<T> => work(transaction);
  await freezeDue({ reads, gathering: { transact, world: quiet }, serviceMs });
  const due = await transaction.entries({ dueAt: { serviceMs, machineMs: world.machineMs() } });
  const lines = due.flatMap((entry) => {
    const line = entryLineOf(entry);
    return "problem" in line ? [] : [line];
  });
  const { heldBack } = await transaction.storeRow();
  const calls = batchesOf(lines, serviceMs).map((batch) => {
    const { productCode } = batchInputOf(batch);
    const usageRecords = batch.map(({ wire }) => wire);
    return requestText(productCode === undefined ? { usageRecords } : { productCode, usageRecords });
  });
  return { calls, records: lines.length, heldBack };
}
