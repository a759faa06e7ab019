/** The contract, fourth part: what a reopened ledger holds, and what a reset leaves. */
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import type { Agreement } from "../../src/domain/catalogue/agreement.ts";
import type { CatalogueChange, CatalogueView } from "../../src/domain/catalogue/catalogue.ts";
import { EXPIRED_AT_ONCE } from "../../src/ledger/expiry.ts";
import { START_MS, type LedgerUnderTest } from "./ledger-under-test.ts";
import { EVERYTHING, accountChange, keptIds, look, meter, moveClockTo, newCall, put, sent } from "./works.ts";

const SELLER = "111122223333";
const CUSTOMER = "444455556666";

function agreementChange(over: Partial<Agreement> = {}): CatalogueChange {
  const value = {
    agreementId: "agmt-1",
    productCode: "p1",
    customerAccountId: CUSTOMER,
    customerIdentifier: "customer-1",
    licenseArn: "arn:aws:license-manager::294406891311:license:l-1",
    startsAtMs: 0,
    entitlements: [{ dimension: "seats", value: 5, expiresAtMs: 1 }],
    ...over,
  };
  return { kind: "agreement", id: value.agreementId, value, fileDigest: "digest of the agreement" };
}

const CATALOGUE: readonly CatalogueChange[] = [
  accountChange(SELLER, { title: "Seller — “Ünïcode” 🧾", fileDigest: "digest of the seller" }),
  accountChange(CUSTOMER),
  {
    kind: "access-key",
    id: "AKIA1",
    value: { accessKeyId: "AKIA1", accountId: SELLER, userName: "u", sealedSecret: "sealed" },
    fileDigest: "digest of the key",
  },
  {
    kind: "product",
    id: "p1",
    value: { productCode: "p1", title: "P", seller: SELLER, type: "saas", pricing: "usage", dimensions: [] },
  },
  agreementChange(),
];

const REMOVED: CatalogueChange = { kind: "access-key", id: "AKIA1", value: undefined };

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** The answers to everything that can be asked of a catalogue about these objects. */
function answersOf(catalogue: CatalogueView): object {
  const kinds = ["account", "access-key", "product", "agreement"] as const;
  const customers = ["account:444455556666", "identifier:customer-1", "identifier:customer-2"];
  return {
    objects: kinds.map((kind) => catalogue.list(kind).toSorted(byText)),
    digests: CATALOGUE.map(({ kind, id }) => catalogue.fileDigest(kind, id)),
    agreements: customers.map((customer) => catalogue.agreementsOf("p1", customer)),
    known: customers.map((customer) => catalogue.knowsCustomer(SELLER, customer)),
    licensed: catalogue.agreementByLicense("arn:aws:license-manager::294406891311:license:l-1"),
  };
}

export function keepingPromises(fresh: () => Promise<LedgerUnderTest>): void {
  test("a lease is held by the only server there is, as often as it asks, under any name", async () => {
    const store = await fresh();
    for (const name of ["control-plane", "control-plane", "other"]) {
      expect(await store.ledger.holdLease(name), name).toBe(true);
    }
    await store.reopen();
    expect(await store.ledger.holdLease("control-plane"), "after a start").toBe(true);
  });

  describe("reopening finds", () => {
    test("records and entries, and goes on with them", async () => {
      const store = await fresh();
      const [first, second] = [newCall(), newCall()];
      const records = ["a", "b"].map((dimension) => sent({ dimension }));
      const before = await store.ledger.transact(meter(records, first));
      const entry = await store.ledger.entry(first.requestId);
      const listed = await store.ledger.meteringRecords(EVERYTHING);
      await store.reopen();
      expect(await store.ledger.entry(first.requestId)).toEqual(entry);
      expect(await store.ledger.meteringRecords(EVERYTHING)).toEqual(listed);
      const after = await store.ledger.transact(meter([...records, sent({ dimension: "c" })], second));
      expect(after.map(({ id }) => id)).toEqual([...before.map(({ id }) => id), expect.any(String)]);
      expect(after.map(({ kept }) => kept !== undefined)).toEqual([true, true, false]);
    });

    test("the catalogue as it was, with what the file said of objects, removed ones included", async () => {
      const store = await fresh();
      await store.ledger.transact(put(CATALOGUE));
      await store.ledger.transact(put([REMOVED, accountChange(SELLER, { title: "Changed through the API" })]));
      const before = answersOf(store.ledger.catalogue);
      expect(store.ledger.catalogue.accessKey("AKIA1")).toBeUndefined();
      expect(store.ledger.catalogue.fileDigest("access-key", "AKIA1")).toBe("digest of the key");
      expect(store.ledger.catalogue.fileDigest("account", SELLER)).toBe("digest of the seller");
      await store.reopen();
      expect(answersOf(store.ledger.catalogue)).toEqual(before);
    });

    test("the same customers known as before, those that an agreement no longer names included (Rule I4)", async () => {
      const store = await fresh();
      await store.ledger.transact(put(CATALOGUE));
      await store.ledger.transact(put([agreementChange({ customerIdentifier: "customer-2" })]));
      const before = answersOf(store.ledger.catalogue);
      await store.reopen();
      expect(answersOf(store.ledger.catalogue)).toEqual(before);
    });

    test("the clock where it stood, and the time of the newest entry", async () => {
      const store = await fresh();
      const laterMs = START_MS + 5 * HOUR_MS;
      await store.ledger.transact(moveClockTo(laterMs));
      await store.reopen();
      expect(store.clock.nowMs()).toBe(laterMs);
      await store.ledger.transact(look(() => undefined));
      await store.reopen();
      store.clock.moveTo(START_MS);
      expect(await store.ledger.transact(look(({ nowMs }) => nowMs))).toBe(laterMs);
    });

    test("an offset clock where it has got to since", async () => {
      const store = await fresh();
      await store.reopen("offset");
      await store.ledger.transact(moveClockTo(START_MS + 5 * HOUR_MS));
      await store.ledger.transact(look(() => undefined));
      await store.reopen("offset", HOUR_MS);
      expect(store.clock.nowMs()).toBe(START_MS + 6 * HOUR_MS);
    });

    test("nothing, where nothing was kept", async () => {
      const store = await fresh();
      await store.reopen();
      expect(await keptIds(store.ledger)).toEqual([]);
      expect(store.clock.nowMs()).toBe(START_MS);
    });
  });

  describe("a reset", () => {
    test("empties the ledger, puts the catalogue in place, and says so in one entry", async () => {
      const store = await fresh();
      const { ledger } = store;
      const [metered, reset] = [newCall(), newCall()];
      await ledger.transact(put([...CATALOGUE, accountChange("777788889999", { fileDigest: "old" })]));
      await ledger.transact(meter([sent()], metered));
      await ledger.reset(reset, () => CATALOGUE);

      const check = async (): Promise<void> => {
        expect(await keptIds(store.ledger)).toEqual([]);
        expect(await store.ledger.entry(metered.requestId)).toBeUndefined();
        expect(await store.ledger.entry(reset.requestId)).toMatchObject({ event: { kind: "ledger-reset" } });
        expect(store.ledger.catalogue.account("777788889999")).toBeUndefined();
        expect(store.ledger.catalogue.fileDigest("account", "777788889999")).toBeUndefined();
        expect(store.ledger.catalogue.fileDigest("account", SELLER)).toBe("digest of the seller");
        expect(store.ledger.catalogue.list("agreement")).toHaveLength(1);
      };
      await check();
      await store.reopen();
      await check();
      const [again] = await store.ledger.transact(meter([sent()], metered));
      expect(again?.kept).toBeUndefined();
    });

    test("that comes while old entries are being removed takes nothing away that comes after it", async () => {
      const store = await fresh();
      const { ledger, clock } = store;
      // More entries than one commit removes.
      await Promise.all(Array.from({ length: EXPIRED_AT_ONCE + 50 }, () => ledger.transact(look(() => undefined))));
      clock.moveTo(START_MS + 2 * HOUR_MS);
      const held = store.holdNextCommit();
      const expired = ledger.expire(newCall, START_MS + HOUR_MS);
      // A store without expiry is done at once.
      await Promise.race([held.reached, expired]);
      const call = newCall();
      const reset = ledger.reset(newCall(), () => []);
      const metered = ledger.transact(meter([sent()], call));
      held.letGo();
      await reset;
      const kept = (await metered).map(({ id }) => id);
      // Or another caller was first, and nothing more was removed.
      expect(await expired.catch(() => 0)).toBeLessThanOrEqual(EXPIRED_AT_ONCE);

      const check = async (): Promise<void> => {
        expect(await keptIds(store.ledger)).toEqual(kept);
        expect(await store.ledger.entry(call.requestId)).toMatchObject({ event: { kind: "usage-metered" } });
        expect(await store.ledger.verifyChains([])).toMatchObject({ disagreement: undefined });
      };
      await check();
      await store.reopen();
      await check();
    });

    test("takes over what it is to keep as it stands when it empties the ledger, not when it was asked for", async () => {
      const { ledger } = await fresh();
      const added = ledger.transact(put([accountChange(SELLER)]));
      const reset = ledger.reset(newCall(), (before) => before.list("account").map(({ id }) => accountChange(id)));
      await Promise.all([added, reset]);
      expect(ledger.catalogue.account(SELLER)?.id).toBe(SELLER);
    });

    test("leaves the clock where it stood", async () => {
      const store = await fresh();
      const laterMs = START_MS + HOUR_MS;
      await store.ledger.transact(moveClockTo(laterMs));
      await store.ledger.reset(newCall(), () => []);
      expect(store.clock.nowMs()).toBe(laterMs);
      await store.reopen();
      expect(store.clock.nowMs()).toBe(laterMs);
    });

    test("leaves an offset clock where it has got to since", async () => {
      const store = await fresh();
      await store.reopen("offset");
      await store.ledger.transact(moveClockTo(START_MS + 5 * HOUR_MS));
      await store.ledger.reset(newCall(), () => []);
      await store.reopen("offset", HOUR_MS);
      expect(store.clock.nowMs()).toBe(START_MS + 6 * HOUR_MS);
    });

    test("under the system clock forgets where another clock stood", async () => {
      const store = await fresh();
      await store.ledger.transact(moveClockTo(START_MS + 5 * HOUR_MS));
      await store.reopen("system");
      await store.ledger.reset(newCall(), () => []);
      await store.reopen("manual");
      expect(store.clock.nowMs()).toBe(START_MS);
    });

    test("answers what was taken in before it, then forgets it", async () => {
      const { ledger } = await fresh();
      const waiting = ledger.transact(meter([sent()]));
      const reset = ledger.reset(newCall(), () => []);
      const after = ledger.transact(meter([sent()]));
      expect(await waiting).toMatchObject([{ kept: undefined }]);
      await reset;
      expect(await after).toMatchObject([{ kept: undefined }]);
      expect(await keptIds(ledger)).toHaveLength(1);
    });
  });
}
