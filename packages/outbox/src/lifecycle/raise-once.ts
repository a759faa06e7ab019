/** Alarms of what goes on for a while: told once, while it is so. Each look at an outage would tell it again. */
import type { RaisedAlarm } from "../store/rows.ts";
import type { OutboxStore } from "../store/store.ts";

export async function raiseOnce(store: OutboxStore, alarm: RaisedAlarm, machineMs: number): Promise<void> {
  const { kind, subject, message } = alarm;
  const known = await store.alarms({ kinds: [kind] });
  if (known.some((one) => one.subject === subject && one.message === message)) return;
  await store.transact((transaction) => transaction.raiseAlarms([alarm], machineMs));
}
