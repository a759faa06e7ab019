/** Whose usage it is: licences that are replaced, customers who leave and come back, and messages of the marketplace. */
import { describe, expect, test } from "vitest";
import { SCENES, ACCOUNT, HOUR_MS, MINUTE_MS, START } from "./scene.ts";
import { METERS } from "../model/lived.ts";

const productCode = METERS.gb.productCode;
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last}`;
const of = { tenant: "t-1", productCode, customerAccountId: "222233334444" } as const;

/** An event of EventBridge. */
const left = (detail: object): object => ({
  "detail-type": "License Deprovisioned - Manufacturer",
  source: "aws.agreement-marketplace",
  time: new Date(START).toISOString(),
  detail,
});

/** A topic's message in a queue, with its envelope. */
const topic = (members: object): object => ({
  Body: JSON.stringify({
    Type: "Notification",
    Timestamp: new Date(START).toISOString(),
    Message: JSON.stringify(members),
  }),
});

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("bindings", () => {
    test("O10: a licence that another one replaces in the midst of an hour: each takes the usage of its own time", async () => {
      const { outbox, use, pass, service } = await scene();
      const edge = START + 10 * MINUTE_MS;
      await outbox.bind([
        { ...of, licenseArn: licence("old"), from: START - HOUR_MS, until: new Date(edge).toISOString() },
        { ...of, licenseArn: licence("new"), from: new Date(edge).toISOString() },
      ]);
      pass(15);
      await use("3", { tenant: "t-1", minutesAgo: 6 });
      await use("4", { tenant: "t-1", minutesAgo: 5 });
      await use("5", { tenant: "t-1", minutesAgo: 1 });
      pass(60);
      await outbox.deliverDue();
      const kept = [...service.kept.values()].map(({ quantity, record }) => [
        record.licenseArn,
        quantity,
        (record.timestamp as Date).getTime() < edge,
      ]);
      expect(kept).toHaveLength(2);
      expect(kept).toContainEqual([licence("new"), 9, false]);
      expect(kept).toContainEqual([licence("old"), 3, true]);
    });

    test("tenants of one account are one entry; a later binding of the same start counts instead", async () => {
      const { outbox, use, pass, service } = await scene();
      await outbox.bind({ ...of, customerAccountId: ACCOUNT, from: START - HOUR_MS });
      await outbox.bind({
        tenant: "t-2",
        productCode,
        customerAccountId: "999988887777",
        from: START - HOUR_MS,
        until: START - MINUTE_MS,
      });
      await outbox.bind({ tenant: "t-2", productCode, customerAccountId: "999988887777", from: START - HOUR_MS });
      for (const tenant of ["t-0", "t-1", "t-2"]) await use("2", { tenant });
      pass(60);
      await outbox.deliverDue();
      expect([...service.kept.values()].map(({ quantity }) => quantity).toSorted((a, b) => a - b)).toEqual([2, 4]);
    });

    test("a tenant that nobody bound waits, and is delivered once somebody has; after its window it ends, with an alarm", async () => {
      const { outbox, use, pass, service, store } = await scene();
      await use("2", { tenant: "t-1" });
      await use("3", { tenant: "t-9" });
      pass(300);
      await outbox.deliverDue();
      expect(await outbox.status()).toMatchObject({ waitingReadings: 2, alarms: [] });
      expect(await outbox.bind({ ...of, from: START - HOUR_MS })).toEqual([]);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2 }]);
      pass(26 * 60);
      await outbox.deliverDue();
      expect(await store.summary()).toMatchObject({
        waitingReadings: 0,
        endedReadings: [{ end: "not-bound", count: 1 }],
      });
      expect((await outbox.status()).alarms).toMatchObject([{ kind: "not-bound", subject: "seats t-9" }]);
    });

    test("two licences at once are ambiguous: the usage waits, with an alarm, until one of them is ended", async () => {
      const { outbox, use, pass, service } = await scene();
      await outbox.bind([
        { ...of, licenseArn: licence("a"), from: START - HOUR_MS },
        { ...of, licenseArn: licence("b"), from: START - HOUR_MS },
      ]);
      await use("2", { tenant: "t-1" });
      pass(60);
      await outbox.deliverDue();
      await outbox.deliverDue();
      expect((await outbox.status()).alarms).toMatchObject([{ kind: "ambiguous-binding", count: 1 }]);
      await outbox.bind({ ...of, licenseArn: licence("a"), from: START - HOUR_MS, until: START - MINUTE_MS });
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2, record: { licenseArn: licence("b") } }]);
    });

    test("what a binding would have changed, had it come earlier, is told and stays", async () => {
      const { outbox, use, pass, store } = await scene();
      await use("2");
      pass(60);
      await outbox.deliverDue();
      const before = await store.entries({});
      const touched = await outbox.bind({
        tenant: "t-0",
        productCode,
        customerAccountId: "999988887777",
        from: START - HOUR_MS,
      });
      expect(touched).toEqual(before);
      expect(await store.entries({})).toEqual(before);
    });

    test.each([
      [{ customerAccountId: "1" }, /12 digits/],
      [{ customerAccountId: ACCOUNT, customerIdentifier: "x" }, /either customerAccountId or customerIdentifier/],
      [{}, /either customerAccountId or customerIdentifier/],
      [{ customerIdentifier: "x", licenseArn: licence("a") }, /goes with customerAccountId/],
      [{ customerAccountId: ACCOUNT, licenseArn: "licence" }, /licenseArn/],
      [{ customerAccountId: ACCOUNT, until: START - 2 * HOUR_MS }, /ends before it begins/],
      [{ customerAccountId: ACCOUNT, from: "2026-11-29T10:15:00" }, /from: "2026-11-29T10:15:00".* with a zone/],
    ])("%j is no binding", async (who, message) => {
      const { outbox } = await scene();
      await expect(outbox.bind({ tenant: "t-1", productCode, from: START - HOUR_MS, ...who })).rejects.toThrow(message);
    });
  });

  describe("a customer who leaves", () => {
    test("has its hours closed half an hour after the end was told, and not before; later usage is after the end", async () => {
      const { outbox, use, pass, service, store } = await scene();
      await outbox.bind({ ...of, licenseArn: licence("a"), from: START - HOUR_MS });
      await use("2", { tenant: "t-1", minutesAgo: 1 });
      const message = left({ license: { arn: licence("a") }, acceptor: { accountId: of.customerAccountId } });
      expect(await outbox.observe(message)).toEqual({ kind: "License Deprovisioned", ended: 1 });
      expect(await outbox.observe(message)).toEqual({ kind: "License Deprovisioned", ended: 0 });
      pass(20);
      await outbox.deliverDue();
      expect(service.kept.size).toBe(0);
      await use("5", { tenant: "t-1" });
      pass(11);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2 }]);
      pass(26 * 60);
      await outbox.deliverDue();
      expect(await store.summary()).toMatchObject({ endedReadings: [{ end: "after-end", count: 1 }] });
    });

    test("is closed at once by flush", async () => {
      const { outbox, use, pass, service } = await scene();
      await outbox.bind({ ...of, licenseArn: licence("a"), from: START - HOUR_MS });
      await use("2", { tenant: "t-1", minutesAgo: 1 });
      await use("3");
      await outbox.observe(left({ license: { arn: licence("a") } }));
      pass(1);
      await outbox.deliverDue({ flush: licence("b") });
      expect(service.kept.size).toBe(0);
      await outbox.deliverDue({ flush: licence("a") });
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2 }]);
    });

    test("and comes back within the hour is not closed early", async () => {
      const { outbox, use, pass, service } = await scene();
      await outbox.bind({ ...of, from: START - HOUR_MS });
      await use("2", { tenant: "t-1", minutesAgo: 1 });
      await outbox.observe({
        body: JSON.stringify({
          action: "unsubscribe-pending",
          "customer-aws-account-id": of.customerAccountId,
          "product-code": productCode,
        }),
      });
      pass(10);
      await outbox.bind({ ...of, from: service.nowMs });
      await use("3", { tenant: "t-1" });
      pass(25);
      await outbox.deliverDue();
      expect(service.kept.size).toBe(0);
      pass(10);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 5 }]);
    });

    test("messages without a licence touch only bindings without one, and other products and customers are left alone", async () => {
      const { outbox } = await scene();
      await outbox.bind([
        { ...of, licenseArn: licence("a"), from: START - HOUR_MS },
        { tenant: "t-2", productCode: "prod2", customerIdentifier: "customer1", from: START - HOUR_MS },
      ]);
      const who = { "customer-identifier": "customer1", "product-code": "prod2" };
      const ended = async (message: unknown): Promise<number> => (await outbox.observe(message)).ended;
      expect(
        await ended(topic({ action: "unsubscribe-pending", "customer-aws-account-id": of.customerAccountId })),
      ).toBe(0);
      expect(await ended(topic({ action: "unsubscribe-pending", ...who, "product-code": "other" }))).toBe(0);
      expect(await ended(topic({ action: "subscribe-success", ...who }))).toBe(0);
      expect(await ended(topic({ action: "unsubscribe-success", ...who }))).toBe(1);
      expect(await ended(left({ agreement: { id: "other" } }))).toBe(0);
    });

    test("an agreement that has ended ends no binding: it may have been renewed, and its event names no product", async () => {
      const { outbox } = await scene();
      await outbox.bind({ ...of, agreementId: "agmt-1", from: START - HOUR_MS });
      const ended = {
        ...left({ acceptor: { accountId: of.customerAccountId }, agreement: { id: "agmt-1", status: "RENEWED" } }),
        "detail-type": "Purchase Agreement Ended - Proposer",
      };
      expect(await outbox.observe(ended)).toEqual({ kind: "Purchase Agreement Ended", ended: 0 });
    });

    test("the end of a licence ends a binding without one by its agreement only", async () => {
      const { outbox } = await scene();
      await outbox.bind([
        { ...of, agreementId: "agmt-1", from: START - HOUR_MS },
        { ...of, tenant: "t-2", from: START - HOUR_MS },
      ]);
      const deprovisioned = (agreementId: string) =>
        outbox.observe(
          left({
            acceptor: { accountId: of.customerAccountId },
            product: { code: productCode },
            license: { arn: licence("a") },
            agreement: { id: agreementId },
          }),
        );
      expect(await deprovisioned("agmt-2")).toMatchObject({ ended: 0 });
      expect(await deprovisioned("agmt-1")).toMatchObject({ ended: 1 });
    });

    test("a message that names no product ends nothing: the customer may use another one", async () => {
      const { outbox } = await scene();
      await outbox.bind({ ...of, from: START - HOUR_MS });
      expect(await outbox.observe(left({ acceptor: { accountId: of.customerAccountId } }))).toMatchObject({ ended: 0 });
    });

    test.each([
      ["a text", "unsubscribe-pending"],
      [
        "a posted message, which anybody can make",
        { Type: "Notification", Message: '{"action":"unsubscribe-pending"}' },
      ],
      ["nothing", null],
      ["a queue's message of something else", { body: '{"hello":"world"}' }],
      ["a queue's message that is no JSON", { body: "hello" }],
    ])("%s is not taken", async (_what, message) => {
      const { outbox } = await scene();
      await expect(outbox.observe(message)).rejects.toThrow(TypeError);
    });
  });
});
