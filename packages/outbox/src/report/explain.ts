/** What became of a tenant's hour: its readings, the bindings that cover it, the entries they are in, and every attempt. */
import { HOUR_MS } from "@countinghouse/protocol";
import { currentBindings, slicesOfHour, type SliceFate } from "../domain/binding.ts";
import type { Attempt } from "../domain/entry-state.ts";
import { hourOf, readInstant } from "../domain/time.ts";
import type { Entry } from "../store/rows.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { KeptReading, OutboxStore, PartRow, SetAsideRow } from "../store/store.ts";

export interface Explanation {
  readonly tenant: string;
  readonly meter: string;
  readonly hourMs: number;
  /** The first thousand, by time. */
  readonly readings: readonly KeptReading[];
  /** Of the tenant: of this meter and hour, or with a meter or time that is none. The newest thousand; `message` says what to put right. */
  readonly setAside: readonly SetAsideRow[];
  readonly slices: readonly { readonly fromMs: number; readonly untilMs: number; readonly fate: SliceFate }[];
  readonly entries: readonly {
    readonly entry: Entry;
    readonly parts: readonly PartRow[];
    readonly attempts: readonly Attempt[];
  }[];
}

const READINGS_MAX = 1_000;

export async function explain(
  store: OutboxStore,
  tenant: string,
  meterName: string,
  atMs: number,
): Promise<Explanation> {
  const hourMs = hourOf(atMs);
  const meters = await store.meters();
  const meter = meters.find(({ name }) => name === meterName);
  if (meter === undefined) {
    const known = meters.map(({ name }) => name).join(", ");
    throw new OutboxError("refused", `There is no meter ${JSON.stringify(meterName)}; there are ${known || "none"}.`);
  }
  const bindings = currentBindings(await store.bindings({ tenant, productCode: meter.productCode }));
  const readings = await store.readingsOf({ tenant, meter: meterName, hourMs, limit: READINGS_MAX });
  const ids = new Set(readings.flatMap(({ entryId }) => (entryId === undefined ? [] : [entryId])));
  const entries = new Map<string, Entry>();
  if (ids.size > 0) for (const entry of await store.entries({ entryIds: [...ids] })) entries.set(entry.entryId, entry);
  const hour = { dimension: meter.dimension, fromHourMs: hourMs, untilHourMs: hourMs + HOUR_MS };
  for (const { identity } of bindings) {
    for (const entry of await store.entries({ identity, ...hour })) entries.set(entry.entryId, entry);
  }
  const explained = [];
  for (const entry of entries.values()) {
    const attempts = await store.attemptsOf([entry.entryId]);
    const parts = await store.transact((transaction) => transaction.partsOf(entry.entryId));
    explained.push({ entry, parts, attempts });
  }
  const slices = slicesOfHour({ tenant, meter: meterName, hourMs }, bindings).map(({ slice, fate }) => ({
    fromMs: slice.fromMs,
    untilMs: slice.untilMs,
    fate,
  }));
  const names = new Set(meters.map(({ name }) => name));
  const setAside = (await store.setAside({ tenant, limit: READINGS_MAX })).filter(({ given }) => {
    const saidMs = readInstant(given.at ?? "");
    const isOfHour = saidMs === undefined || hourOf(saidMs) === hourMs;
    return isOfHour && (given.meter === meterName || !names.has(given.meter));
  });
  return { tenant, meter: meterName, hourMs, readings, setAside, slices, entries: explained };
}
