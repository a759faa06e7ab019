/** Closes the hours whose time has come: hour by hour, the oldest first, by the service's time. */
import { HOUR_MS } from "@countinghouse/protocol";
import { currentBindings, goesOn, slicesOfHour, type Binding, type Slice } from "../domain/binding.ts";
import { LEAVING_MS, closesAt, sendingEndOf, windowEndOf } from "../domain/deadline.ts";
import type { Meter } from "../domain/meter.ts";
import { hourOf } from "../domain/time.ts";
import type { StoreRow, WaitingGroup } from "../store/rows.ts";
import type { OutboxStore } from "../store/store.ts";
import { endLate, endUnbound } from "./end-readings.ts";
import { freezeEntry, gather, release, type Gathering, type GatheringKey } from "./gather.ts";

/** As much of a store as closing hours reads. */
export type Reads = Pick<OutboxStore, "storeRow" | "meters" | "bindings" | "waiting" | "entries" | "alarms">;

interface FreezeOptions {
  readonly reads: Reads;
  readonly gathering: Gathering;
  readonly serviceMs: number;
  /** How many records wait to be sent: at the month's end, hours close the earlier for it. */
  readonly backlog?: number | undefined;
  /** Bindings whose hours are closed at once, up to now. */
  readonly flush?: ((binding: Binding) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PAGE = 1_000;

export async function freezeDue(options: FreezeOptions): Promise<void> {
  const { reads, gathering } = options;
  const store = await reads.storeRow();
  if (store.heldBack !== undefined) return;
  for (const { entryId } of await reads.entries({ unreleased: true })) await release(entryId, gathering);
  const pass = new Pass(options, store, await reads.meters());
  for await (const groups of hoursOf(options)) {
    if (options.signal?.aborted === true) return;
    await pass.close(groups);
  }
  await finishGathering(options, pass.meters);
  const { machineMs } = gathering.world;
  await gathering.transact((transaction) => transaction.saveStoreRow({ lastFreezeMs: machineMs() }));
}

/** Groups of readings that wait, an hour at a time. */
async function* hoursOf({ reads, serviceMs }: FreezeOptions): AsyncGenerator<readonly WaitingGroup[]> {
  let hour: WaitingGroup[] = [];
  let after: WaitingGroup | undefined;
  for (;;) {
    const page = await reads.waiting({ beforeMs: serviceMs, after, limit: PAGE });
    for (const group of page) {
      if (hour[0] !== undefined && hour[0].hourMs !== group.hourMs) {
        yield hour;
        hour = [];
      }
      hour.push(group);
    }
    after = page.at(-1);
    if (page.length < PAGE) break;
  }
  if (hour.length > 0) yield hour;
}

/** Entries that were half filled when somebody ended, and of which no reading waits any more. */
async function finishGathering({ reads, gathering }: FreezeOptions, meters: ReadonlyMap<string, Meter>): Promise<void> {
  for (const { entryId } of await reads.entries({ states: ["gathering"] })) {
    await gathering.transact(async (transaction) => {
      const [entry] = await transaction.lockEntries([entryId]);
      const meter = meters.get(entry?.meter ?? "");
      if (entry?.state === "gathering" && meter !== undefined) {
        await freezeEntry(transaction, entry, meter, gathering.world.machineMs());
      }
    });
  }
}

class Pass {
  readonly meters: ReadonlyMap<string, Meter>;
  readonly #options: FreezeOptions;
  readonly #store: StoreRow;
  readonly #bindings = new Map<string, readonly Binding[]>();
  readonly #told = new Set<string>();

  constructor(options: FreezeOptions, store: StoreRow, meters: readonly Meter[]) {
    this.#options = options;
    this.#store = store;
    this.meters = new Map(meters.map((meter) => [meter.name, meter]));
  }

  /** The groups of one hour. */
  async close(groups: readonly WaitingGroup[]): Promise<void> {
    const keys = new Map<string, GatheringKey>();
    for (const group of groups) await this.#sort(group, keys);
    for (const key of keys.values()) {
      if ((await gather(key, this.#options.gathering)) === "sent") await endLate(key, this.#options.gathering);
    }
  }

  async #sort(group: WaitingGroup, keys: Map<string, GatheringKey>): Promise<void> {
    const { gathering, serviceMs } = this.#options;
    const { settings } = this.#store;
    const { startAtMs } = settings;
    const meter = this.meters.get(group.meter);
    if (meter === undefined) return;
    if (startAtMs !== undefined && group.hourMs < hourOf(startAtMs)) {
      const slice = { ...group, fromMs: group.hourMs, untilMs: group.hourMs + HOUR_MS };
      return endUnbound([slice], "discarded", "its hour lies before the first one that this store may send", gathering);
    }
    const bindings = await this.#bindingsOf(group.tenant, meter.productCode);
    const closesMs = closesAt(group.hourMs, settings, this.#options.backlog ?? 0);
    const isOver = serviceMs >= windowEndOf(group.hourMs + HOUR_MS - 1000, settings.ruleSet);
    for (const { slice, fate } of slicesOfHour(group, bindings)) {
      if (fate.kind === "bound") {
        const { binding } = fate;
        if (serviceMs < this.#closesMs(closesMs, slice, binding, bindings)) continue;
        const key = { identity: binding.identity, meter, hourMs: group.hourMs };
        if (isOver) await endLate({ ...key, slices: [slice] }, gathering);
        else collect(keys, key, slice, sendingEndOf(group.hourMs, settings.ruleSet, binding));
      } else if (isOver) {
        const end = fate.kind === "after-end" ? "after-end" : "not-bound";
        await endUnbound([slice], end, REASONS[fate.kind], gathering);
      } else if (fate.kind === "ambiguous" && serviceMs >= closesMs) {
        await this.#tellAmbiguous(slice, fate.identities);
      }
    }
  }

  /** When an hour of a binding is closed: of a customer who has left and does not come back, soon. */
  #closesMs(closesMs: number, slice: Slice, binding: Binding, bindings: readonly Binding[]): number {
    const { serviceMs, flush } = this.#options;
    const { untilMs, endToldMs } = binding;
    if (untilMs === undefined || untilMs > serviceMs) return closesMs;
    if (flush?.(binding) === true) return slice.hourMs;
    if (endToldMs === undefined || goesOn(binding, bindings)) return closesMs;
    return Math.min(closesMs, endToldMs + LEAVING_MS);
  }

  async #bindingsOf(tenant: string, productCode: string): Promise<readonly Binding[]> {
    const key = JSON.stringify([tenant, productCode]);
    let bindings = this.#bindings.get(key);
    if (bindings === undefined) {
      bindings = currentBindings(await this.#options.reads.bindings({ tenant, productCode }));
      this.#bindings.set(key, bindings);
    }
    return bindings;
  }

  /** Once, while it is so: its readings wait until the window closes. */
  async #tellAmbiguous({ tenant, meter }: Slice, identities: readonly string[]): Promise<void> {
    const subject = `${meter} ${tenant}`;
    const { reads, gathering } = this.#options;
    if (this.#told.size === 0) {
      this.#told.add("");
      for (const { kind, subject: known } of await reads.alarms({}))
        if (kind === "ambiguous-binding") this.#told.add(known);
    }
    if (this.#told.has(subject)) return;
    this.#told.add(subject);
    const message = `Tenant ${JSON.stringify(tenant)} has bindings of several identities at once: ${identities.join(", ")}. Its usage waits; end all but one.`;
    await gathering.transact((transaction) =>
      transaction.raiseAlarms([{ kind: "ambiguous-binding", subject, message }], gathering.world.machineMs()),
    );
  }
}

const REASONS = {
  "not-bound": "no binding says whose usage it is, and its window has closed",
  "after-end": "its binding had ended, and its window has closed",
  ambiguous: "bindings of several identities cover it, and its window has closed",
} as const;

function collect(
  keys: Map<string, GatheringKey>,
  { identity, meter, hourMs }: Pick<GatheringKey, "identity" | "meter" | "hourMs">,
  slice: Slice,
  closesMs: number,
): void {
  const text = JSON.stringify([identity, meter.name]);
  const before = keys.get(text);
  const slices = [...(before?.slices ?? []), slice];
  keys.set(text, { identity, meter, hourMs, slices, closesMs: Math.min(closesMs, before?.closesMs ?? closesMs) });
}
