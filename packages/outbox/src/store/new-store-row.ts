/** A store's row about itself, before anything has happened. */
import type { StoreRow, StoreSettings } from "./rows.ts";

const DEFAULT_SETTINGS: StoreSettings = {
  ruleSet: "current",
  holdOpenSeconds: 21_600,
  requestsPerSecond: 10,
  startAtMs: undefined,
  dedupeDays: 35,
  keepDays: 400,
  restTag: { key: "usage", value: "rest" },
};

/** `createdMs`: now, of a store that is being made; what a row lacks that is older than its member is undefined. */
export function newStoreRow(createdMs?: number): Omit<StoreRow, "name"> {
  return {
    settings: DEFAULT_SETTINGS,
    createdMs,
    endpoint: undefined,
    region: undefined,
    account: undefined,
    serviceOffsetMs: undefined,
    lastRunMs: undefined,
    lastAnswerMs: undefined,
    lastFreezeMs: undefined,
    heldBack: undefined,
    doubtBeforeMs: undefined,
    incarnation: undefined,
  };
}
