/** Closes the hours whose time has come: hour by hour, the oldest first, by the service's time. */
import { HOUR_MS } from "@countinghouse/protocol";
import { currentBindings, endingOf, slicesOfHour, type Binding, type Ending, type Slice } from "../domain/binding.ts";
import { closesAfterEnd, closesAt, sendingEndOf, windowEndOf } from "../domain/deadline.ts";
import type { Meter } from "../domain/meter.ts";
import { hourOf } from "../domain/time.ts";
import type { Entry, StoreRow, WaitingGroup } from "../store/rows.ts";
import type { BindingFilter, OutboxStore, StoreTransaction } from "../store/store.ts";
import { endLate, endUnbound } from "./end-readings.ts";
import { STEP_READINGS, freezeEntry, gather, release, type Gathering, type GatheringKey } from "./gather.ts";
import { PassAlarms } from "./one-key.ts";

/** As much of a store as closing hours reads. */
export type Reads = Pick<
  OutboxStore,
  "storeRow" | "meters" | "bindings" | "waiting" | "entries" | "readingsOf" | "alarms"
>;

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
  const { reads } = options;
  const store = await reads.storeRow();
  if (store.heldBack !== undefined) return;
  const pass = new Pass(options, store, await reads.meters());
  const { alarms, gathering } = pass;
  for (const { entryId } of await reads.entries({ unreleased: true }))
    await alarms.apart(`Entry ${entryId}`, () => release(entryId, gathering));
  for await (const groups of hoursOf(options)) {
    if (options.signal?.aborted === true) return;
    await pass.close(groups);
  }
  await finishGathering(reads, pass);
  await alarms.end();
  const { machineMs } = gathering.world;
  await options.gathering.transact((transaction) => transaction.saveStoreRow({ lastFreezeMs: machineMs() }));
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

/**
 * Entries that were half filled when somebody ended, and of which no reading waits any more. While one does, somebody else may be
 * at it, by a clock that is ahead of this one: sent now, the entry would make what still waits late.
 */
async function finishGathering(reads: Reads, { alarms, gathering, meters }: Pass): Promise<void> {
  for (const { entryId } of await reads.entries({ states: ["gathering"] })) {
    const freezing = gathering.transact.bind(undefined, async (transaction) => {
      const [entry] = await transaction.lockEntries([entryId]);
      const meter = meters.get(entry?.meter ?? "");
      if (entry?.state !== "gathering" || meter === undefined) return;
      if (!(await isAwaited(transaction, entry))) {
        await freezeEntry(transaction, entry, meter, gathering.world.machineMs());
      }
    });
    await alarms.apart(`Entry ${entryId}`, freezing);
  }
}

/** Whether readings wait that are to go into an entry. */
async function isAwaited(
  transaction: StoreTransaction,
  { identity, productCode, meter, hourMs }: Entry,
): Promise<boolean> {
  const tenants = new Set((await transaction.bindings({ identity })).map(({ tenant }) => tenant));
  for (const tenant of tenants) {
    const after = { hourMs, tenant, meter: "" };
    const groups = await transaction.waiting({ beforeMs: hourMs + 1, after, limit: PAGE });
    if (!groups.some((group) => group.tenant === tenant && group.meter === meter)) continue;
    const bindings = currentBindings(await transaction.bindings({ tenant, productCode }));
    const slices = slicesOfHour({ tenant, meter, hourMs }, bindings);
    if (slices.some(({ fate }) => fate.kind === "bound" && fate.binding.identity === identity)) return true;
  }
  return false;
}

class Pass {
  readonly meters: ReadonlyMap<string, Meter>;
  readonly gathering: Gathering;
  readonly alarms: PassAlarms;
  readonly #options: FreezeOptions;
  readonly #store: StoreRow;
  readonly #bindings = new Map<string, readonly Binding[]>();

  constructor(options: FreezeOptions, store: StoreRow, meters: readonly Meter[]) {
    const { reads, gathering } = options;
    this.#options = options;
    this.#store = store;
    this.meters = new Map(meters.map((meter) => [meter.name, meter]));
    this.alarms = new PassAlarms({ ...gathering, alarms: reads.alarms.bind(reads) });
    this.gathering = { ...gathering, transact: this.alarms.transact };
  }

  /** The groups of one hour. */
  async close(groups: readonly WaitingGroup[]): Promise<void> {
    const keys = new Map<string, GatheringKey>();
    for (const group of groups) {
      await this.alarms.apart(`${group.meter} of tenant ${JSON.stringify(group.tenant)}`, () =>
        this.#sort(group, keys),
      );
    }
    for (const key of keys.values()) {
      await this.alarms.apart(`${key.meter.name} for ${key.identity}`, async () => {
        if ((await gather(key, this.gathering)) === "sent") await endLate(key, this.gathering);
      });
    }
  }

  async #sort(group: WaitingGroup, keys: Map<string, GatheringKey>): Promise<void> {
    const { serviceMs } = this.#options;
    const { gathering } = this;
    const { settings } = this.#store;
    const { startAtMs } = settings;
    const meter = this.meters.get(group.meter);
    if (meter === undefined) return;
    if (startAtMs !== undefined && group.hourMs < hourOf(startAtMs)) {
      const slice = { ...group, fromMs: group.hourMs, untilMs: group.hourMs + HOUR_MS };
      return endUnbound([slice], "discarded", "its hour lies before the first one that this store may send", gathering);
    }
    const bindings = await this.#bindingsOf({ tenant: group.tenant, productCode: meter.productCode });
    const closesMs = closesAt(group.hourMs, settings, this.#options.backlog ?? 0);
    const isOver = serviceMs >= windowEndOf(group.hourMs + HOUR_MS - 1000, settings.ruleSet);
    for (const { slice, fate } of slicesOfHour(group, bindings)) {
      if (fate.kind === "bound") {
        const { binding } = fate;
        const ending = await this.#endingOf(binding, group.hourMs);
        if (serviceMs < this.#closesMs(closesMs, slice, binding, ending)) continue;
        const key = { identity: binding.identity, meter, hourMs: group.hourMs };
        if (isOver && !(await this.#isOpen(key))) await endLate({ ...key, slices: [slice] }, gathering);
        else collect(keys, { ...key, closesMs: sendingEndOf(group.hourMs, settings.ruleSet, ending) }, slice);
      } else if (isOver) {
        const end = fate.kind === "after-end" ? "after-end" : "not-bound";
        await endUnbound([slice], end, REASONS[fate.kind], gathering);
      } else if (fate.kind === "ambiguous") {
        await this.#tellAmbiguous(slice, fate.identities, serviceMs >= closesMs);
      }
    }
  }

  /**
   * Whether a key has an entry, as yet unsent, though its window has closed by the time that was told: it is sent all the same
   * for an hour, and the service decides. What comes until then goes along with it; else more would be billed than was used.
   */
  async #isOpen({ identity, meter, hourMs }: Pick<GatheringKey, "identity" | "meter" | "hourMs">): Promise<boolean> {
    const hour = { fromHourMs: hourMs, untilHourMs: hourMs + HOUR_MS };
    const states = ["gathering", "frozen"] as const;
    const found = await this.#options.reads.entries({ identity, dimension: meter.dimension, ...hour, states });
    return found.length > 0;
  }

  /** How the identity of a binding has ended, over all tenants that have it. */
  async #endingOf({ identity, untilMs }: Binding, hourMs: number): Promise<Ending | undefined> {
    const { serviceMs } = this.#options;
    // Most go on, and need not be asked about.
    if (untilMs === undefined || untilMs > serviceMs) return undefined;
    return endingOf(hourMs, await this.#bindingsOf({ identity }), serviceMs);
  }

  /** When an hour of an identity is closed: of a customer who has left and does not come back, soon. */
  #closesMs(closesMs: number, { hourMs }: Slice, binding: Binding, ending: Ending | undefined): number {
    if (ending !== undefined && this.#options.flush?.(binding) === true) return hourMs;
    return closesAfterEnd(closesMs, ending);
  }

  async #bindingsOf(filter: BindingFilter): Promise<readonly Binding[]> {
    const key = JSON.stringify(filter);
    let bindings = this.#bindings.get(key);
    if (bindings === undefined) {
      bindings = currentBindings(await this.#options.reads.bindings(filter));
      this.#bindings.set(key, bindings);
    }
    return bindings;
  }

  /** Its readings wait until the window closes; where there are none in this part of the hour, nobody has to do anything. */
  async #tellAmbiguous(slice: Slice, identities: readonly string[], isDue: boolean): Promise<void> {
    const { tenant, meter, hourMs, fromMs, untilMs } = slice;
    const readings = await this.#options.reads.readingsOf({ tenant, meter, hourMs, limit: STEP_READINGS });
    const waits = readings.some(
      ({ atMs, entryId, ended }) => atMs >= fromMs && atMs < untilMs && entryId === undefined && ended === undefined,
    );
    if (!waits && readings.length < STEP_READINGS) return;
    const subject = `${meter} ${tenant}`;
    if (!isDue) return this.alarms.found("ambiguous-binding", subject);
    const message = `Tenant ${JSON.stringify(tenant)} has bindings of several identities at once: ${identities.join(", ")}. Its usage waits; end all but one.`;
    await this.alarms.tell("ambiguous-binding", subject, message);
  }
}

const REASONS = {
  "not-bound": "no binding says whose usage it is, and its window has closed",
  "after-end": "its binding had ended, and its window has closed",
  ambiguous: "bindings of several identities cover it, and its window has closed",
} as const;

function collect(keys: Map<string, GatheringKey>, key: Omit<GatheringKey, "slices">, slice: Slice): void {
  const text = JSON.stringify([key.identity, key.meter.name]);
  keys.set(text, { ...key, slices: [...(keys.get(text)?.slices ?? []), slice] });
}
