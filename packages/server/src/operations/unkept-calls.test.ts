import { expect, onTestFinished, test } from "vitest";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { rejection } from "../domain/rejection.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import { FaultError } from "../ledger/ledger.ts";
import { KEPT_PER_MINUTE, UnkeptCalls } from "./unkept-calls.ts";

const REFUSED = rejection("ThrottlingException", "Q1", "Too many.");
const full = new FaultError("The disk is full.", undefined);

async function opened(): Promise<
  LedgerUnderTest & { at: { ms: number }; calls: UnkeptCalls; events: () => Promise<LedgerEvent[]> }
> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  const at = { ms: START_MS };
  const { ledger } = made;
  const calls = new UnkeptCalls({
    ledger,
    wallMs: () => at.ms,
    newCall: (operation) => ({ ...newCall(), operation }),
  });
  const events = async (): Promise<LedgerEvent[]> => {
    const { items } = await ledger.events({ order: "oldest", limit: 100 });
    return items.map(({ event }) => event);
  };
  return Object.assign(made, { at, calls, events });
}

test("the first of a minute are kept one by one, and how many more there were, with the time they came in", async () => {
  const { at, calls, events } = await opened();
  for (let i = 0; i < KEPT_PER_MINUTE + 2; i += 1) {
    at.ms += 10;
    await calls.noteRefused({ ...newCall(), operation: "MeterUsage" }, REFUSED, { productCode: "p" });
  }
  calls.count("MeterUsage", "InternalServiceErrorException");
  calls.count("MeterUsage", "ThrottlingException");
  const kept = await events();
  expect(kept).toHaveLength(KEPT_PER_MINUTE);
  expect(kept[0]).toMatchObject({ kind: "call-refused", rule: "Q1", request: { productCode: "p" } });
  at.ms += 1_000;
  await calls.flush();
  expect((await events()).at(-1)).toEqual({
    kind: "calls-not-kept",
    fromMs: START_MS + 10 * (KEPT_PER_MINUTE + 1),
    toMs: at.ms,
    counts: [
      { operation: "MeterUsage", code: "ThrottlingException", count: 3 },
      { operation: "MeterUsage", code: "InternalServiceErrorException", count: 1 },
    ],
  });
  await calls.flush();
  expect(await events(), "nothing is left to be told").toHaveLength(KEPT_PER_MINUTE + 1);
});

test("in the next minute there is room again", async () => {
  const { at, calls, events } = await opened();
  at.ms = Math.ceil(START_MS / 60_000) * 60_000 + 59_999;
  const more = async (): Promise<number> => {
    for (let i = 0; i < KEPT_PER_MINUTE + 1; i += 1) await calls.noteRefused(newCall(), REFUSED);
    return (await events()).length;
  };
  expect(await more()).toBe(KEPT_PER_MINUTE);
  at.ms += 1;
  expect(await more()).toBe(2 * KEPT_PER_MINUTE);
});

test("what quotes a signature is kept without it", async () => {
  const { calls, events } = await opened();
  const message = "Authorization header requires 'Signature'. Authorization=AWS4-HMAC-SHA256 Credential=x\nmore";
  await calls.noteRefused(newCall(), { ...REFUSED, message });
  expect(await events()).toMatchObject([
    { message: "Authorization header requires 'Signature'. Authorization=HIDDEN_DUE_TO_SECURITY_REASONS" },
  ]);
});

test("what cannot be kept is counted, and counts that cannot be kept are told later, from when they began", async () => {
  const { at, calls, events, failNextCommit } = await opened();
  failNextCommit(full);
  await calls.noteRefused({ ...newCall(), operation: "MeterUsage" }, REFUSED);
  failNextCommit(full);
  at.ms += 1_000;
  const flushed = calls.flush();
  calls.count("MeterUsage", "ThrottlingException");
  await flushed;
  expect(await events()).toEqual([]);
  at.ms += 1_000;
  await calls.flush();
  expect(await events()).toEqual([
    {
      kind: "calls-not-kept",
      fromMs: START_MS,
      toMs: START_MS + 2_000,
      counts: [{ operation: "MeterUsage", code: "ThrottlingException", count: 2 }],
    },
  ]);
});
