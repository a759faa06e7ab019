/** One call: its attempts are durable before it is sent (O4), and end with what it said, whoever has the lease by then. */
import type { BatchMeterUsageInput, BatchMeterUsageOutput, MeteringError, Outcome } from "@countinghouse/client";
import { batchInputOf } from "@countinghouse/client/batch";
import type { Attempt } from "../domain/entry-state.ts";
import { LEASE_MS, isLeased } from "../domain/lease.ts";
import { settle } from "../lifecycle/settle.ts";
import type { Entry } from "../store/rows.ts";
import type { OutboxStore } from "../store/store.ts";
import type { World } from "../world.ts";
import { readCall, type Evidence } from "./evidence.ts";
import type { EntryLine } from "./lines.ts";
import type { ServiceClock, TellsTime } from "./service-clock.ts";

/** As much of a client as the outbox needs: `MarketplaceMeteringClient` of `@countinghouse/client`. */
export interface MeteringClient extends TellsTime {
  batchMeterUsageOutcome(
    input: BatchMeterUsageInput,
    options?: { readonly maxAttempts?: number | undefined; readonly attemptTimeoutMs?: number | undefined },
  ): Promise<Outcome<BatchMeterUsageOutput>>;
  /** Where its calls go. */
  destination(): Promise<{ readonly endpoint: string; readonly region: string }>;
}

export interface Calling {
  readonly store: OutboxStore;
  readonly client: MeteringClient;
  readonly clock: ServiceClock;
  readonly world: World;
  readonly sender: string;
}

const ATTEMPT_TIMEOUT_MS = 30_000;
/** How much of a lease may be gone before sending begins. */
const SENDING_MS_MAX = LEASE_MS - 2 * ATTEMPT_TIMEOUT_MS;

interface Called {
  readonly settled: readonly Entry[];
  readonly parts: readonly (readonly EntryLine[])[];
  readonly stoppedBy: MeteringError | undefined;
}

export async function call(batch: readonly EntryLine[], calling: Calling): Promise<Called> {
  const { client, clock, world } = calling;
  const begunAtMs = world.monotonicMs();
  const { lines, attempts } = await begin(batch, calling);
  if (lines.length === 0) return { settled: [], parts: [], stoppedBy: undefined };
  world.reached("attempts-begun");
  // Stopped in between for so long that another sender may have these entries: then it is its turn.
  if (world.monotonicMs() - begunAtMs > SENDING_MS_MAX) {
    const unsent = new Map(lines.map((line) => [line, UNSENT]));
    return { settled: await end(lines, attempts, unsent, calling), parts: [], stoppedBy: undefined };
  }
  const options = { maxAttempts: 1, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS };
  const outcome = await client.batchMeterUsageOutcome(batchInputOf(lines), options);
  world.reached("answered");
  const { evidence, parts, stoppedBy } = readCall(lines, outcome, clock.toldMs ?? 0);
  const settled = await end(lines, attempts, evidence, calling);
  world.reached("attempts-ended");
  return { settled, parts, stoppedBy };
}

const UNSENT: Evidence = {
  end: "not-kept",
  errorName: "Unsent",
  message: "The sender had been stopped for longer than its lease.",
  meteringRecordId: undefined,
  requestId: undefined,
};

/** Takes those entries that are still to be sent, and that nobody else has. */
async function begin(batch: readonly EntryLine[], { store, clock, world, sender }: Calling) {
  const { serviceMs = 0, machineMs } = clock.times();
  const ids = batch.map(({ entry }) => entry.entryId);
  const attempts = new Map<string, Attempt>();
  const callId = world.uuid();
  await store.transact(async (transaction) => {
    attempts.clear();
    const entries = (await transaction.lockEntries(ids)).filter((entry) => isToBeSent(entry, serviceMs, machineMs));
    for (const { entryId } of entries)
      attempts.set(entryId, newAttempt(world.uuid(), entryId, callId, sender, machineMs));
    await transaction.addAttempts([...attempts.values()]);
    await transaction.saveEntries(entries.map((entry) => ({ ...entry, leasedUntilMs: machineMs + LEASE_MS })));
  });
  return { lines: batch.filter(({ entry }) => attempts.has(entry.entryId)), attempts };
}

function isToBeSent(entry: Entry, serviceMs: number, machineMs: number): boolean {
  const { state, nextTryMs, leasedUntilMs } = entry;
  const sendable = state === "frozen" || state === "held" || state === "doubtful";
  return sendable && nextTryMs !== undefined && nextTryMs <= serviceMs && !isLeased(leasedUntilMs, machineMs);
}

function newAttempt(attemptId: string, entryId: string, callId: string, sender: string, startedMs: number): Attempt {
  return {
    attemptId,
    entryId,
    callId,
    sender,
    startedMs,
    endedMs: undefined,
    end: undefined,
    errorName: undefined,
    message: undefined,
    meteringRecordId: undefined,
    requestId: undefined,
  };
}

/** Evidence is written whoever holds the lease by now. */
async function end(
  lines: readonly EntryLine[],
  attempts: ReadonlyMap<string, Attempt>,
  evidence: ReadonlyMap<EntryLine, Evidence>,
  { store, clock }: Calling,
): Promise<readonly Entry[]> {
  const times = clock.times();
  const endedMs = times.machineMs;
  const ends = lines.flatMap((line) => {
    const attempt = attempts.get(line.entry.entryId);
    const said = evidence.get(line);
    return attempt === undefined || said === undefined ? [] : [{ attemptId: attempt.attemptId, endedMs, ...said }];
  });
  return store.transact(async (transaction) => {
    const entries = await transaction.lockEntries(lines.map(({ entry }) => entry.entryId));
    await transaction.endAttempts(ends);
    return settle(transaction, entries, times);
  });
}
