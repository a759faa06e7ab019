/** MeterUsage and RegisterUsage over a ledger: calls at once, repeated, after a restart, and after a failed commit. */
import { HOUR_MS } from "@countinghouse/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HOURLY_CONTAINER, METERED_CONTAINER, resource } from "../../testing/container-market.ts";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { EVERYTHING, moveClockTo, resourceOf } from "../../testing/contract/works.ts";
import { FaultError, type ListedRecord } from "../ledger/ledger.ts";
import { EVERY_STORE } from "../../testing/every-store.ts";
import { meter, openMarket, putAll, register, sent } from "../../testing/resource-calls.ts";

const TASK = resource("ecs", { startedAtMs: START_MS - HOUR_MS });
const ANOTHER = { ...TASK, resourceId: "ecs-another" };

describe.each(EVERY_STORE)("a resource whose ledger is %s", (_store, open) => {
  let store: LedgerUnderTest;

  beforeEach(async () => {
    store = await open();
    await openMarket(store.ledger, TASK, ANOTHER);
  });

  afterEach(() => store.remove());

  const kept = async (): Promise<readonly ListedRecord[]> => (await store.ledger.meteringRecords(EVERYTHING)).items;

  test("M1, Rule M5: has its hour kept once, however often the same is sent at once, and with whatever tokens", async () => {
    const tokens = [undefined, "a", "a", "b", "c", "b", undefined];
    const ids = await Promise.all(
      tokens.map((clientToken) => meter(store.ledger, TASK, sent(clientToken === undefined ? {} : { clientToken }))),
    );
    expect(new Set(ids).size).toBe(1);
    const records = await kept();
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      meteringRecordId: ids[0],
      productCode: METERED_CONTAINER,
      resourceId: TASK.resourceId,
      usageRecord: { customerAccountId: TASK.accountId, dimension: "gb", quantity: 1 },
    });
  });

  test("Rule M5: that says two quantities at once gets one of them kept, and is told so", async () => {
    const answers = await Promise.all(
      [1, 2, 3, 1].map((usageQuantity) => meter(store.ledger, TASK, sent({ usageQuantity }))),
    );
    const [id = ""] = answers;
    expect(answers).toEqual([id, "DuplicateRequestException", "DuplicateRequestException", id]);
    expect((await kept()).map(({ usageRecord }) => usageRecord.quantity)).toEqual([1]);
  });

  test("Rule M4: that uses a token for two requests at once gets the first one kept", async () => {
    const answers = await Promise.all(
      ["gb", "calls"].map((usageDimension) => meter(store.ledger, TASK, sent({ usageDimension, clientToken: "t" }))),
    );
    expect(answers[1]).toBe("IdempotencyConflictException");
    expect(
      await meter(store.ledger, ANOTHER, sent({ usageDimension: "calls", clientToken: "t" })),
      "another's",
    ).not.toBe("IdempotencyConflictException");
    expect(await kept()).toHaveLength(2);
  });

  test("Rule M4: may use a token again once its window has closed, and the records of both are listed", async () => {
    const first = await meter(store.ledger, TASK, sent({ clientToken: "t" }));
    const laterMs = START_MS + 7 * HOUR_MS;
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t", usageQuantity: 2 }, START_MS + 600_000))).toBe(
      "IdempotencyConflictException",
    );
    await store.ledger.transact(moveClockTo(laterMs));
    const second = await meter(store.ledger, TASK, sent({ clientToken: "t", usageQuantity: 2 }, laterMs));
    expect((await kept()).map(({ meteringRecordId }) => meteringRecordId)).toEqual([first, second]);
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t", usageQuantity: 3 }, laterMs))).toBe(
      "IdempotencyConflictException",
    );
  });

  test("Rule M7: keeps nothing by a dry run but that it was made", async () => {
    expect(await meter(store.ledger, TASK, sent({ dryRun: true, clientToken: "t" }))).toBe("DryRunOperation");
    expect(await kept()).toEqual([]);
    const { items } = await store.ledger.events({ order: "newest", limit: 1 });
    expect(items[0]?.event).toMatchObject({ kind: "dry-run-passed", request: { dryRun: true, clientToken: "t" } });
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t", usageQuantity: 2 }))).not.toContain("Exception");
  });

  test("M1, Rule M5: is answered with the same id after a restart, and its token is remembered", async () => {
    const id = await meter(store.ledger, TASK, sent({ clientToken: "t" }));
    await store.reopen();
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t" }))).toBe(id);
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t", usageDimension: "calls" }))).toBe(
      "IdempotencyConflictException",
    );
  });

  test("keeps an event of each call: the replay's names the record that stands", async () => {
    const id = await meter(store.ledger, TASK, sent({ clientToken: "t" }));
    await meter(store.ledger, TASK, sent({ clientToken: "u" }));
    const { items } = await store.ledger.events({ order: "newest", limit: 2, operations: ["MeterUsage"] });
    const [replay, made] = items.map(({ event }) => event);
    expect(made).toMatchObject({ kind: "usage-metered", resourceId: TASK.resourceId, clientToken: "t" });
    expect(made).toHaveProperty("records.0.keptAs", undefined);
    expect(replay).toMatchObject({ clientToken: "u", records: [{ status: "Success", keptAs: id }] });
  });

  test("R1, Rule Y4: that registers many times at once begins to be metered once", async () => {
    const answers = await Promise.all(["a", "b", "c"].map((nonce) => register(store.ledger, TASK, { nonce })));
    expect(answers).toEqual(
      ["a", "b", "c"].map((nonce) =>
        JSON.stringify([1, { productCode: HOURLY_CONTAINER, publicKeyVersion: 1, nonce }]),
      ),
    );
    const { items } = await store.ledger.events({ order: "oldest", limit: 10, operations: ["RegisterUsage"] });
    expect(items.map(({ event }) => event.kind === "usage-registered" && event.first)).toEqual([true, false, false]);
    await store.reopen();
    expect((await resourceOf(store.ledger, TASK.resourceId))?.registrations).toEqual([
      { productCode: HOURLY_CONTAINER, registeredAtMs: START_MS, dimension: "Hours" },
    ]);
    expect((await resourceOf(store.ledger, ANOTHER.resourceId))?.registrations).toEqual([]);
  });

  test("R2, Rule Y5: that has registered may go on when the agreement has gone; one that has not may not begin", async () => {
    await register(store.ledger, TASK);
    const agreementId = `anna-${HOURLY_CONTAINER}`;
    await putAll(store.ledger, [{ kind: "agreement", id: agreementId, value: undefined }]);
    expect(await register(store.ledger, TASK)).toContain(HOURLY_CONTAINER);
    expect(await register(store.ledger, ANOTHER)).toBe("CustomerNotEntitledException");
    expect((await resourceOf(store.ledger, ANOTHER.resourceId))?.registrations).toEqual([]);
  });

  test("is neither metered nor registered where its commit fails, and is when it asks again", async () => {
    store.failNextCommit(new FaultError("disk full", undefined));
    await expect(register(store.ledger, TASK)).rejects.toThrow("disk full");
    expect((await resourceOf(store.ledger, TASK.resourceId))?.registrations).toEqual([]);
    store.failNextCommit(new FaultError("disk full", undefined));
    await expect(meter(store.ledger, TASK, sent({ clientToken: "t" }))).rejects.toThrow("disk full");
    expect(await kept()).toEqual([]);
    expect(await register(store.ledger, TASK)).toContain(HOURLY_CONTAINER);
    expect(await meter(store.ledger, TASK, sent({ clientToken: "t", usageQuantity: 5 }))).not.toContain("Exception");
    expect(await kept()).toHaveLength(1);
  });
});
