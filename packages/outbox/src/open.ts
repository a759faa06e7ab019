/** Opens an outbox: the store, its meters and settings held against what the program says. */
import type { MeteringClient } from "./deliver/calls.ts";
import { meterOf, type MeterDefinition } from "./domain/meter.ts";
import { Outbox } from "./outbox.ts";
import { addMeters, settingsOf, type SettingsInput } from "./settings.ts";
import type { OutboxStore } from "./store/store.ts";
import { realWorld, type Logger, type World } from "./world.ts";

export interface OutboxOptions extends SettingsInput {
  /** The store's own name, such as `acme-production`: a program that was given another store by mistake meters nothing. */
  readonly name: string;
  readonly store: OutboxStore;
  /** Sends; needed by `start`, `deliverDue` and `dryRun` only. */
  readonly client?: MeteringClient | undefined;
  /** By name. A meter never changes, and none is taken away by leaving it out. */
  readonly meters?: Readonly<Record<string, MeterDefinition>> | undefined;
  readonly logger?: Logger | undefined;
  /** Time and names, replaced in tests. */
  readonly world?: Partial<World> | undefined;
}

/**
 * Opens an outbox. Throws a `TypeError` for options that are none, and an `OutboxError` for a store that is another one
 * (`other-store`), of another version (`schema`), or has a meter otherwise (`changed-definition`).
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { name, store, client, meters = {}, logger = {} } = options;
  if (typeof name !== "string" || name === "")
    throw new TypeError("An outbox needs a name: the store's own, such as acme-production.");
  return openedWith(store, name, { client, meters, logger, world: { ...realWorld, ...options.world } }, options);
}

/** An outbox as its store has it, without the program that it belongs to: for the command line. */
export async function reopenOutbox(
  store: OutboxStore,
  client: MeteringClient | undefined,
  logger: Logger,
): Promise<Outbox> {
  return openedWith(store, undefined, { client, meters: {}, logger, world: realWorld }, {});
}

interface Opening {
  readonly client: MeteringClient | undefined;
  readonly meters: Readonly<Record<string, MeterDefinition>>;
  readonly logger: Logger;
  readonly world: World;
}

async function openedWith(
  store: OutboxStore,
  name: string | undefined,
  opening: Opening,
  input: SettingsInput,
): Promise<Outbox> {
  const { client, meters, logger, world } = opening;
  const said = Object.entries(meters).map(([meter, definition]) => meterOf(meter, definition));
  const { settings: known } = await store.open(name, world.machineMs());
  try {
    const settings = settingsOf(known, input);
    const isChanged = JSON.stringify(settings) !== JSON.stringify(known);
    if (said.length > 0 || isChanged) {
      await store.transact(async (transaction) => {
        const row = await transaction.lockStoreRow();
        await addMeters(transaction, said);
        if (isChanged) await transaction.saveStoreRow({ settings: settingsOf(row.settings, input) });
      });
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  return new Outbox({ store, client, logger, world });
}
