/** What the operator changes, over a ledger: agreements' states, prices, the clock, settings; and which changes are refused. */
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { accountChange, newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { ANNAS_ACCOUNT, LOGS, OTHER_SELLER, PRODUCTS, SELLER, agreement, putAgreement } from "../../testing/market.ts";
import { putAll } from "../../testing/resource-calls.ts";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { SharedSettings } from "../domain/shared-settings.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changeAgreementState, type AgreementAction } from "./change-agreement-state.ts";
import { changeCatalogue } from "./change-catalogue.ts";
import { issueRegistrationToken } from "./issue-registration-token.ts";
import { moveClock } from "./move-clock.ts";
import { setPrice } from "./set-price.ts";
import { agreeOnSettings, changeSettings, keptSettings } from "./shared-settings.ts";

const iso = (atMs: number): string => new Date(atMs).toISOString();

async function opened(): Promise<LedgerUnderTest> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  const accounts = [SELLER, OTHER_SELLER, ANNAS_ACCOUNT].map((id) => accountChange(id));
  await putAll(made.ledger, [...accounts, ...PRODUCTS]);
  return made;
}

async function newestEvent(ledger: Ledger): Promise<LedgerEvent | undefined> {
  return (await ledger.events({ order: "newest", limit: 1 })).items[0]?.event;
}

const act = async (action: AgreementAction, over: Partial<Agreement> = {}): Promise<unknown> => {
  const { ledger } = await opened();
  const before = agreement("a", over);
  await putAll(ledger, [putAgreement(before)]);
  const refusal = await changeAgreementState(ledger, newCall(), "a", action);
  const { cancelledAtMs, suspendedAtMs } = ledger.catalogue.agreement("a") ?? {};
  return refusal ?? { cancelledAtMs, suspendedAtMs };
};

const conflict = (what: string): object => ({ reason: "conflict", message: `The agreement a ${what}.` });

describe("an agreement", () => {
  test("is cancelled, suspended and resumed, at the time of the service clock", async () => {
    expect(await act("cancel")).toEqual({ cancelledAtMs: START_MS, suspendedAtMs: undefined });
    expect(await act("cancel", { suspendedAtMs: 5 })).toEqual({ cancelledAtMs: START_MS, suspendedAtMs: 5 });
    expect(await act("suspend")).toEqual({ cancelledAtMs: undefined, suspendedAtMs: START_MS });
    expect(await act("resume", { suspendedAtMs: 5 })).toEqual({ cancelledAtMs: undefined, suspendedAtMs: undefined });
    expect(await act("cancel", { endsAtMs: START_MS + 1 }), "as long as it has not run out").toMatchObject({
      cancelledAtMs: START_MS,
    });
  });

  test.each<[AgreementAction, Partial<Agreement>, string]>([
    ["cancel", { cancelledAtMs: 5 }, `was cancelled at ${iso(5)}`],
    ["suspend", { cancelledAtMs: 5 }, `was cancelled at ${iso(5)}`],
    ["cancel", { endsAtMs: START_MS }, `ran out at ${iso(START_MS)}`],
    ["suspend", { endsAtMs: START_MS }, `ran out at ${iso(START_MS)}`],
    ["suspend", { suspendedAtMs: 5 }, `was suspended at ${iso(5)}`],
    ["resume", {}, "is not suspended"],
  ])("cannot %s where it is as %j", async (action, over, why) => {
    expect(await act(action, over)).toEqual(conflict(why));
  });

  test("that is not there is not found, and gets no registration token", async () => {
    const { ledger } = await opened();
    const refusal = { reason: "not-found", message: "No agreement none." };
    expect(await changeAgreementState(ledger, newCall(), "none", "cancel")).toEqual(refusal);
    expect(await issueRegistrationToken(ledger, newCall(), "none", () => "sealed")).toBeUndefined();
    const kept = { kind: "call-refused", code: "not-found", message: "No agreement none.", compared: {} };
    expect(await newestEvent(ledger)).toEqual(kept);
  });

  test("gets a registration token that is good for as long as the rules say", async () => {
    const { ledger } = await opened();
    await putAll(ledger, [putAgreement(agreement("a"))]);
    const token = await issueRegistrationToken(ledger, newCall(), "a", (claims) => JSON.stringify(claims));
    const granted = { agreementId: "a", expiresAtMs: START_MS + 4 * HOUR_MS };
    expect(token).toEqual({ ...granted, registrationToken: JSON.stringify(granted) });
    expect(await newestEvent(ledger)).toEqual({ kind: "registration-token-issued", ...granted });
  });
});

test("a change is refused for who is not there, and told as one complaint among others may be", async () => {
  const { ledger } = await opened();
  const value = agreement("a", { customerAccountId: "000000000000" });
  const refusal = await changeCatalogue(ledger, newCall(), () => [putAgreement(value)]);
  expect(refusal).toMatchObject({ reason: "invalid", message: expect.stringMatching(/^customer/) as string });
  expect(refusal?.message).not.toMatch(/\.$/);
  expect(ledger.catalogue.agreement("a")).toBeUndefined();
  expect(await newestEvent(ledger)).toEqual({
    kind: "call-refused",
    code: "invalid",
    message: refusal?.message,
    compared: {},
  });
});

test("a change that would rename what is metered is refused as a sentence, and what was removed is told without a value", async () => {
  const { ledger } = await opened();
  await changeCatalogue(ledger, newCall(), () => [putAgreement(agreement("a"))]);
  const renamed = agreement("a", { customerIdentifier: "anne" });
  const refusal = await changeCatalogue(ledger, newCall(), () => [putAgreement(renamed)]);
  expect(refusal).toMatchObject({
    reason: "conflict",
    message: expect.stringMatching(/^customerIdentifier: .*\.$/) as string,
  });
  const key = { accessKeyId: "AKIA1", accountId: SELLER, userName: "u", sealedSecret: "sealed" };
  await changeCatalogue(ledger, newCall(), () => [{ kind: "access-key", id: "AKIA1", value: key }]);
  expect(await newestEvent(ledger)).toMatchObject({
    changes: [{ action: "put", value: { accessKeyId: "AKIA1", accountId: SELLER, userName: "u" } }],
  });
  expect(JSON.stringify(await newestEvent(ledger))).not.toContain("sealed");
  await changeCatalogue(ledger, newCall(), () => [{ kind: "access-key", id: "AKIA1", value: undefined }]);
  expect(await newestEvent(ledger)).toEqual({
    kind: "catalogue-changed",
    changes: [{ kind: "access-key", id: "AKIA1", action: "removed" }],
  });
});

test("Rule P3: a price is set from the coming hour on; of what is not there, none", async () => {
  const { ledger } = await opened();
  const set = (productCode: string, dimension: string): ReturnType<typeof setPrice> =>
    setPrice(ledger, newCall(), { productCode, dimension, price: "0.5" });
  expect(await set(LOGS, "gb")).toBeUndefined();
  expect(ledger.catalogue.product(LOGS)?.dimensions[0]).toMatchObject({ name: "gb" });
  expect(JSON.stringify(ledger.catalogue.product(LOGS)?.dimensions[0])).toContain("0.5");
  expect(await set("none", "gb")).toEqual({ reason: "not-found", message: "No product none." });
  expect(await set(LOGS, "none")).toEqual({
    reason: "not-found",
    message: `The product ${LOGS} has no dimension none.`,
  });
  const past = { productCode: LOGS, dimension: "gb", price: "0.7", fromMs: START_MS - HOUR_MS };
  expect(await setPrice(ledger, newCall(), past)).toMatchObject({ reason: "invalid" });
});

test("the clock is moved to a time, or by some, to whole milliseconds, and never back", async () => {
  const { ledger, clock } = await opened();
  expect(await moveClock(ledger, newCall(), { byMs: 1_000.4 })).toEqual({
    nowMs: START_MS + 1_000,
    refusal: undefined,
  });
  expect(await newestEvent(ledger)).toEqual({ kind: "clock-moved", fromMs: START_MS, toMs: START_MS + 1_000 });
  expect(await moveClock(ledger, newCall(), { toMs: START_MS + 1_000 }), "it may stand").toMatchObject({
    refusal: undefined,
  });
  expect(await moveClock(ledger, newCall(), { toMs: START_MS + 999 })).toEqual({
    nowMs: START_MS + 1_000,
    refusal: "The clock moves forward only",
  });
  expect(await newestEvent(ledger)).toEqual({
    kind: "call-refused",
    code: "conflict",
    message: "The clock moves forward only.",
    compared: { now: iso(START_MS + 1_000), to: iso(START_MS + 999) },
  });
  expect(clock.nowMs()).toBe(START_MS + 1_000);
});

test("servers agree on the first one's settings; the operator changes those that are given", async () => {
  const { ledger } = await opened();
  expect(keptSettings(ledger.catalogue)).toEqual([]);
  expect(await changeSettings(ledger, newCall(), {})).toEqual({ before: undefined, after: undefined });
  expect(await newestEvent(ledger)).toEqual({ kind: "catalogue-changed", changes: [] });
  const told: SharedSettings = { rules: "classic", clock: "manual", quotas: "off" };
  expect(await agreeOnSettings(ledger, newCall(), told)).toEqual([]);
  expect(await agreeOnSettings(ledger, newCall(), { ...told, quotas: "aws" })).toEqual([
    { setting: "quotas", kept: "off", told: "aws" },
  ]);
  expect(await newestEvent(ledger), "nothing was changed").toEqual({ kind: "catalogue-changed", changes: [] });
  expect(keptSettings(ledger.catalogue)).toMatchObject([{ kind: "settings", value: told }]);
  const changed = await changeSettings(ledger, newCall(), { rules: "current" });
  expect(changed).toEqual({ before: told, after: { ...told, rules: "current" } });
  expect(ledger.catalogue.sharedSettings()).toEqual({ ...told, rules: "current" });
});
