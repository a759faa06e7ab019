/** Opens the ledger of a configuration: its store, its key, its clock, and the catalogue applied to it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iso, ruleSets, type RuleSet } from "@countinghouse/protocol";
import { catalogueFileOf, dueChanges, type CatalogueFile } from "./catalogue/apply.ts";
import { startClock, type ClockSetting, type ServiceClock } from "./clock.ts";
import { ConfigError, type ServeConfig } from "./config.ts";
import { Catalogue, type CatalogueKind } from "./domain/catalogue/catalogue.ts";
import { settingDifferences, type SettingDifference, type SharedSettings } from "./domain/shared-settings.ts";
import { openSecret } from "./identity/access-keys.ts";
import { openPrivateKey, sealKeyPair } from "./identity/registration-keys.ts";
import { SECRETS_KEY_BYTES, sealerOf, type Sealer } from "./identity/seal.ts";
import type { Engine, Loaded } from "./ledger/engine.ts";
import type { Call } from "./ledger/entry.ts";
import { requestId } from "./ledger/ids.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { SingleWriterLedger, type SingleWriterOptions } from "./ledger/single-writer-ledger.ts";
import { catalogueChanged } from "./operations/change-catalogue.ts";
import { moveClock } from "./operations/move-clock.ts";
import { putFirstRegistrationKey } from "./operations/registration-keys.ts";
import { agreeOnSettings } from "./operations/shared-settings.ts";
import { acceptLostTail } from "./lost-tail.ts";
import { secretsKey } from "./secrets-key.ts";
import { MemoryEngine } from "./stores/memory/memory-engine.ts";
import { clockTrouble } from "./stores/postgres/clock-difference.ts";
import type { SqliteOptions } from "./stores/sqlite/sqlite-engine.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly clock: ServiceClock;
  readonly ruleSet: RuleSet;
  readonly sealer: Sealer;
  /** What the catalogue file says, or the demo. */
  readonly catalogueFile: CatalogueFile;
  /** The length of the store's log; undefined where it has none. */
  readonly logBytes: () => number | undefined;
}

/** Opens the embedded engine on a folder. */
export type OpenEngine = (folder: string, options: OpenEngineOptions) => Engine;

type OpenEngineOptions = Pick<SqliteOptions, "acceptLostTail" | "every" | "addsUp" | "onSumsTrouble">;

type Observers = Pick<SingleWriterOptions, "aroundCommit" | "onCommitted" | "onSumsTrouble" | "spare">;

/** How many requests one commit holds: with more, the first ones would wait for the last ones. */
const GROUP_MAX = 256;
/** How many connections write to PostgreSQL: groups of so many products can be committed at once. */
const LANES = 4;
const DEMO_CATALOGUE = new URL("./catalogue/demo.yaml", import.meta.url);
/** How far the system clock may be behind the newest entry at a start, as after a small correction; the start then waits. */
const LAG_WAITED_MS = 5_000;

/** If anything fails, closes the store and throws. */
export async function openLedger(
  config: ServeConfig,
  world: World,
  observers: Observers,
  openEngine?: OpenEngine,
): Promise<OpenedLedger> {
  const store = await openStore(config, world, openEngine, observers);
  let close = (): Promise<void> => store.close();
  try {
    const { loaded } = store;
    const sealer = sealerOf(keyFor(config, loaded, world), world.random);
    checkSettings(config, new Catalogue(loaded.catalogue).sharedSettings());
    await waitForClock(config, loaded.newestAtMs, world);
    const { acceptNewestEntryAhead: acceptNewestAhead } = config;
    const setting = { ...clockSetting(config, loaded, world), acceptNewestAhead };
    const ruleSet = ruleSets[config.rules];
    const clock = startClock(setting, loaded, world.wallMs);
    const startedAtMs = clock.nowMs();
    const ledger = store.ledger(clock, {
      ruleSet,
      queuedMax: config.queuedMax,
      groupMax: GROUP_MAX,
      acceptNewestAhead,
      schedule: world.schedule,
      monotonicMs: world.monotonicMs,
      ...observers,
    });
    close = () => ledger.close();
    checkSecretsKey(ledger, sealer);
    // Comes before any other commit: later commits could hide what is missing.
    await acceptLostTail(config, ledger, loaded, sealer, startCall("AcceptLostTail", world));
    await noteNewestAhead(ledger, loaded, startedAtMs, world);
    if (config.store.kind === "postgres") await agree(ledger, config, world);
    // A position that is not kept would be lost at the next start.
    if (clock.mode !== "system") await moveClock(ledger, startCall("StartClock", world), { byMs: 0 });
    const catalogueFile = await readCatalogue(config, sealer);
    await applyCatalogue(ledger, clock, catalogueFile, startCall("ApplyCatalogue", world));
    await makeFirstRegistrationKey(ledger, sealer, world);
    return { ledger, clock, ruleSet, sealer, catalogueFile, logBytes: store.logBytes };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An opened store, and how to make its ledger when there is a clock. */
interface OpenedStore {
  readonly loaded: Loaded;
  readonly logBytes: () => number | undefined;
  ledger(clock: ServiceClock, options: Omit<SingleWriterOptions, "clock">): Ledger;
  close(): Promise<void>;
}

async function openStore(
  config: ServeConfig,
  world: World,
  openEngine: OpenEngine | undefined,
  { onSumsTrouble }: Observers,
): Promise<OpenedStore> {
  const { store, acceptLostTail: accepts } = config;
  if (store.kind === "postgres") {
    // Loaded only here, so that a ledger in a file needs no driver.
    const { openPostgres } = await import("./stores/postgres/open-postgres.ts");
    const opened = await openPostgres(store.url, world);
    const trouble = config.clock.mode === "system" ? clockTrouble(opened.clockDifference) : undefined;
    if (trouble !== undefined) throw new ConfigError(`Not started: ${trouble}.`);
    const fraction = (): number => world.random(4).readUInt32BE() / 2 ** 32;
    const { monotonicMs, sleep, every } = world;
    return {
      loaded: opened.loaded,
      logBytes: () => undefined,
      ledger: (clock, options) =>
        opened.open({ ...options, clock, lanes: LANES, monotonicMs, sleep, every, fraction, addsUp: true }),
      close: () => Promise.resolve(),
    };
  }
  const engine: Engine =
    store.kind === "memory"
      ? new MemoryEngine()
      : (openEngine ?? (await embeddedEngine()))(store.folder, {
          acceptLostTail: accepts,
          every: world.every,
          addsUp: true,
          onSumsTrouble,
        });
  try {
    const loaded = engine.load();
    return {
      loaded,
      logBytes: () => engine.logBytes(),
      ledger: (clock, options) => new SingleWriterLedger(engine, loaded, { ...options, clock }),
      close: () => engine.close(),
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Loaded only here, so that a ledger in memory needs no SQLite. */
async function embeddedEngine(): Promise<OpenEngine> {
  const { openSqliteEngine } = await import("./stores/sqlite/sqlite-engine.ts");
  return openSqliteEngine;
}

/** A start does not set back the clock that other servers of the same ledger share. */
function clockSetting({ clock, store }: ServeConfig, { clock: stood }: Loaded, world: World): ClockSetting {
  if (store.kind !== "postgres" || stood === undefined || clock.startMs === undefined) return clock;
  const stoodMs = stood.mode === "manual" ? stood.atMs : world.wallMs() + stood.offsetMs;
  return { ...clock, startMs: Math.max(clock.startMs, stoodMs) };
}

/** A call that the server makes by itself when it starts. */
function startCall(operation: string, world: World): Call {
  return {
    requestId: requestId(world.wallMs(), world.uuid()),
    operation,
    principal: "operator",
    sourceAddress: "",
    userAgent: `countinghouse/${VERSION}`,
  };
}

/** A server with other settings than the rest would accept usage that they refuse. */
function checkSettings({ shared }: ServeConfig, kept: SharedSettings | undefined): void {
  if (kept !== undefined) refuseOther(settingDifferences(kept, shared));
}

async function agree(ledger: Ledger, { shared }: ServeConfig, world: World): Promise<void> {
  // Another server may have set them since the store was opened.
  const kept = ledger.catalogue.sharedSettings();
  refuseOther(
    kept === undefined
      ? await agreeOnSettings(ledger, startCall("AgreeOnSettings", world), shared)
      : settingDifferences(kept, shared),
  );
}

function refuseOther(differences: readonly SettingDifference[]): void {
  if (differences.length === 0) return;
  const kept = differences.map(({ setting, kept: value }) => `--${setting} ${value}`).join(", ");
  const told = differences.map(({ setting, told: value }) => `--${setting} ${value}`).join(", ");
  throw new ConfigError(
    `The servers of this ledger run with ${kept}; this one was told ${told}. All need the same. To change it, stop all of them and use countinghouse store settings.`,
  );
}

/** Keeps an entry that the start was accepted: until the clock catches up, entries have a time in the future. */
async function noteNewestAhead(ledger: Ledger, { newestAtMs }: Loaded, nowMs: number, world: World): Promise<void> {
  if (newestAtMs === undefined || newestAtMs <= nowMs) return;
  const compared = { newestEntryAt: iso(newestAtMs), clock: iso(nowMs) };
  await ledger.transact({
    call: startCall("AcceptNewestEntryAhead", world),
    keys: [],
    decide: () => ({
      event: { kind: "start-accepted", flag: "accept-newest-entry-ahead", compared },
      answer: undefined,
    }),
  });
}

async function applyCatalogue(ledger: Ledger, clock: ServiceClock, file: CatalogueFile, call: Call): Promise<void> {
  if (dueChanges(file, ledger.catalogue, clock.nowMs()).length === 0) return;
  await ledger.transact({
    call,
    keys: [],
    // The changes are computed again inside the transaction: another server of the ledger may have been first.
    decide: ({ catalogue, nowMs }) => {
      const due = dueChanges(file, catalogue, nowMs);
      return { event: catalogueChanged(due), catalogue: due, answer: undefined };
    },
  });
}

async function makeFirstRegistrationKey(ledger: Ledger, sealer: Sealer, world: World): Promise<void> {
  if (ledger.catalogue.list("registration-key").length > 0) return;
  const key = sealKeyPair(sealer, await world.keyPair());
  await putFirstRegistrationKey(ledger, startCall("CreateRegistrationKey", world), key);
}

function keyFor(config: ServeConfig, loaded: Loaded, world: World): Buffer {
  if (config.secretsKeyFile !== undefined) return secretsKey(config.secretsKeyFile, false, world.random);
  if (config.store.kind !== "sqlite") return world.random(SECRETS_KEY_BYTES);
  // If secrets have been sealed, a missing key must be found again: a new key would open none of them.
  const sealed = loaded.catalogue.some(({ kind, value }) => SEALED.has(kind) && value !== undefined);
  return secretsKey(join(config.store.folder, "secrets.key"), !sealed, world.random);
}

/** Kinds of objects that hold a secret. */
const SEALED: ReadonlySet<CatalogueKind> = new Set(["access-key", "registration-key"]);

/** With a key that opens none of the kept secrets, no caller could be authenticated, and nothing could be signed. */
function checkSecretsKey(ledger: Ledger, sealer: Sealer): void {
  const [first] = ledger.catalogue.list("access-key");
  const opens =
    (first === undefined || openSecret(sealer, first) !== undefined) &&
    ledger.catalogue.list("registration-key").every((key) => openPrivateKey(sealer, key) !== undefined);
  if (!opens) {
    throw new ConfigError("The secrets key is not the one that this ledger's secrets were sealed with.");
  }
}

async function readCatalogue(config: ServeConfig, sealer: Sealer): Promise<CatalogueFile> {
  const { catalogObject, catalogText, catalogFile: nameOfText = "catalogue" } = config;
  if (catalogObject !== undefined) return catalogueFileOf(catalogObject, () => "catalogue", ".", sealer);
  // Where there is no text, nothing is needed that reads one: a market starts sooner without it.
  const { readCatalogueFile } = await import("./catalogue/read-catalogue-file.ts");
  if (catalogText !== undefined) return readCatalogueFile(catalogText, nameOfText, sealer);
  if (config.catalogFile === undefined) {
    return readCatalogueFile(readFileSync(DEMO_CATALOGUE, "utf8"), "demo.yaml", sealer);
  }
  let text: string;
  try {
    text = readFileSync(config.catalogFile, "utf8");
  } catch (error) {
    throw new ConfigError(
      `--catalog: ${config.catalogFile} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  return readCatalogueFile(text, config.catalogFile, sealer);
}

async function waitForClock(config: ServeConfig, newestAtMs: number | undefined, world: World): Promise<void> {
  if (config.clock.mode !== "system" || newestAtMs === undefined) return;
  const lagMs = newestAtMs - world.wallMs();
  if (lagMs > 0 && lagMs <= LAG_WAITED_MS) await new Promise((resume) => setTimeout(resume, lagMs + 1));
}
