/** Entries of earlier versions must be explained like today's. Today's are tested through the operator API. */
import { expect, test } from "vitest";
import { START_MS, ledgerOver } from "../../testing/contract/ledger-under-test.ts";
import { newCall } from "../../testing/contract/works.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { explainRequest } from "./explain-request.ts";
import type { Explanation } from "../operator/contract/ledger/explanation.ts";

async function explained(event: LedgerEvent): Promise<Explanation | undefined> {
  const store = await ledgerOver(
    () => new MemoryEngine(),
    () => undefined,
  );
  const call = newCall();
  await store.ledger.transact({ call, keys: [], decide: () => ({ event, answer: undefined }) });
  const explanation = await explainRequest(store.ledger, call.requestId);
  await store.remove();
  return explanation;
}

test("times that were kept as numbers are shown as dates", async () => {
  const compared = { startedAt: START_MS + 1, now: START_MS, ageSeconds: 7 };
  const old: LedgerEvent = { kind: "call-refused", code: "invalid", message: "too soon", rule: "H9", compared };
  expect((await explained(old))?.refusal?.compared).toEqual({
    startedAt: "2026-03-14T12:30:00.001Z",
    now: "2026-03-14T12:30:00.000Z",
    ageSeconds: 7,
  });
});

test("a dry run that was answered with an error is a refusal, as its caller was told", async () => {
  const request = { productCode: "p", timestampMs: START_MS, usageDimension: "gb", dryRun: true };
  const old = {
    kind: "call-refused",
    code: "DryRunOperation",
    message: "",
    rule: "M7",
    compared: {},
    request,
  } as const;
  expect(await explained(old)).toMatchObject({
    summary: "Refused by Rule M7: DryRunOperation.",
    refusal: { code: "DryRunOperation", rule: { id: "M7" } },
  });
});
