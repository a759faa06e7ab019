/** What the contract needs of a store: a ledger over it that can be opened again, and trouble on demand. */
import { ruleSets } from "@countinghouse/protocol";
import { startClock, type ClockMode, type ServiceClock } from "../../src/clock.ts";
import type { Engine } from "../../src/ledger/engine.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Spare } from "../../src/ledger/spare.ts";
import { SingleWriterLedger } from "../../src/ledger/single-writer-ledger.ts";

export interface LedgerSetup {
  readonly spare?: Spare;
  readonly queuedMax?: number;
  readonly groupMax?: number;
}

export interface LedgerUnderTest {
  /** The ledger as it was opened last. */
  readonly ledger: Ledger;
  /** A manual clock at first; a test can also set it back. */
  readonly clock: ServiceClock;
  /** Closes the ledger and opens it again, some time later, with a clock that goes on from its kept position. */
  reopen(mode?: ClockMode, laterMs?: number): Promise<void>;
  /** Makes the next commit fail, after everything has been staged. */
  readonly failNextCommit: (error: Error) => void;
  /** Holds the next commit up, after everything has been staged, until the test lets it go. */
  readonly holdNextCommit: () => HeldCommit;
  /** Closes the ledger and removes everything. */
  remove(): Promise<void>;
}

interface HeldCommit {
  /** Resolves when the commit has come this far. */
  readonly reached: Promise<void>;
  readonly letGo: () => void;
}

/** A ledger over a fresh store. */
export type MakeLedger = (setup?: LedgerSetup) => Promise<LedgerUnderTest>;

export const START_MS = Date.UTC(2026, 2, 14, 12, 30);

/** How a store is opened. */
export interface Opening {
  readonly mode: ClockMode;
  readonly wallMs: () => number;
  /** Each commit awaits it, after everything has been staged; where it rejects, the commit fails. */
  readonly beforeCommit: () => Promise<void>;
}

interface Opened {
  readonly ledger: Ledger;
  readonly clock: ServiceClock;
}

/** `open` opens an engine, also after a close; `remove` removes its data. */
export function ledgerOver(open: () => Engine, remove: () => void, setup: LedgerSetup = {}): Promise<LedgerUnderTest> {
  return ledgerUnderTest(({ mode, wallMs, beforeCommit }) => {
    const engine = interrupted(open(), beforeCommit);
    const loaded = engine.load();
    const clock = startClock({ mode }, loaded, wallMs);
    return { clock, ledger: new SingleWriterLedger(engine, loaded, { clock, ...DEFAULTS, ...setup }) };
  }, remove);
}

/** How ledgers are opened, unless a test says otherwise. */
export const DEFAULTS = {
  ruleSet: ruleSets.classic,
  queuedMax: 1_000,
  groupMax: 256,
  schedule: (run: () => void): void => void setImmediate(run),
  monotonicMs: (): number => performance.now(),
};

/** `open` opens a ledger, also after a close; `remove` removes its data. */
export async function ledgerUnderTest(
  open: (opening: Opening) => Opened | Promise<Opened>,
  remove: () => void | Promise<void>,
): Promise<LedgerUnderTest> {
  let before: (() => Promise<void>) | undefined;
  const beforeCommit = async (): Promise<void> => {
    const taken = before;
    before = undefined;
    await taken?.();
  };
  let atMs = START_MS;
  const wallMs = (): number => atMs;
  let opened = await open({ mode: "manual", wallMs, beforeCommit });
  return {
    get ledger() {
      return opened.ledger;
    },
    get clock() {
      return opened.clock;
    },
    reopen: async (mode = "manual", laterMs = 0) => {
      await opened.ledger.close();
      atMs += laterMs;
      opened = await open({ mode, wallMs, beforeCommit });
    },
    failNextCommit: (error) => {
      before = () => Promise.reject(error);
    },
    holdNextCommit: () => {
      const reached = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      before = () => {
        reached.resolve();
        return held.promise;
      };
      return { reached: reached.promise, letGo: held.resolve };
    },
    remove: async () => {
      await opened.ledger.close();
      await remove();
    },
  };
}

function interrupted(engine: Engine, beforeCommit: () => Promise<void>): Engine {
  return {
    load: () => engine.load(),
    commit: async (group) => {
      await beforeCommit();
      await engine.commit(group);
    },
    probe: async () => {
      await beforeCommit();
      await engine.probe();
    },
    logBytes: () => engine.logBytes(),
    find: (keys) => engine.find(keys),
    findResources: (ids) => engine.findResources(ids),
    resources: (query) => engine.resources(query),
    dueResources: (query) => engine.dueResources(query),
    list: (query) => engine.list(query),
    entryByRequestId: (requestId) => engine.entryByRequestId(requestId),
    entries: (query) => engine.entries(query),
    principalBetween: (after, before) => engine.principalBetween(after, before),
    sums: (question) => engine.sums(question),
    keptSince: () => engine.keptSince(),
    chainHead: () => engine.chainHead(),
    chainEntries: (fromSeq, limit) => engine.chainEntries(fromSeq, limit),
    chainBefore: (atMs) => engine.chainBefore(atMs),
    entriesBefore: (beforeMs, limit) => engine.entriesBefore(beforeMs, limit),
    verifyChain: (known, onRead) => engine.verifyChain(known, onRead),
    onDefect: (listener) => engine.onDefect(listener),
    close: () => engine.close(),
  };
}
