/** When a store lacks its newest commits, or may lack them: what it says was never sent may have been sent. */
import type { StoreRow } from "../store/rows.ts";
import type { OutboxStore, StoreTransaction } from "../store/store.ts";

/**
 * The store is a restored backup, or a copy that lacks the newest commits. What was sent since is unknown here: entries of hours
 * up to now are born doubtful, so that no later answer is taken for a proof that they were not kept.
 */
export async function noteRestored(store: OutboxStore, serviceMs: number): Promise<void> {
  const incarnation = await store.incarnation();
  await store.transact(async (transaction) => {
    await doubt(transaction, serviceMs);
    await transaction.saveStoreRow({ heldBack: undefined, incarnation });
    await transaction.clearAlarms("held-back", "store");
  });
}

/**
 * Notes it where the database has another history than before: a fail-over, or a restored backup. Nothing is closed then until
 * `restored` is said; and what goes on to be sent is doubted from the same moment on.
 */
export async function noteIncarnation(
  store: OutboxStore,
  serviceMsBy: (row: StoreRow) => number,
  machineMs: number,
): Promise<void> {
  const incarnation = await store.incarnation();
  if (incarnation === undefined) return;
  await store.transact(async (transaction) => {
    const row = await transaction.lockStoreRow();
    if (row.incarnation === incarnation) return;
    if (row.incarnation === undefined) return transaction.saveStoreRow({ incarnation });
    const heldBack = `the database has another history (${incarnation}) than before (${row.incarnation})`;
    if (row.heldBack === heldBack) return;
    await doubt(transaction, serviceMsBy(row));
    await transaction.saveStoreRow({ heldBack });
    const message = `Nothing is closed: ${heldBack}. See that nothing was lost, and say restored.`;
    await transaction.raiseAlarms([{ kind: "held-back", subject: "store", message }], machineMs);
  });
}

/** What the copy says was never sent may have been sent, up to a service time. */
async function doubt(transaction: StoreTransaction, serviceMs: number): Promise<void> {
  const { doubtBeforeMs = 0 } = await transaction.lockStoreRow();
  await transaction.saveStoreRow({ doubtBeforeMs: Math.max(doubtBeforeMs, serviceMs) });
  const open = await transaction.entries({ states: ["gathering", "frozen", "held", "empty"] });
  const entries = await transaction.lockEntries(open.map(({ entryId }) => entryId));
  await transaction.saveEntries(entries.map((entry) => ({ ...entry, bornDoubtful: true })));
}
