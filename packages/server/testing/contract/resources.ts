/** The contract, seventh part: metered resources are facts; they change with the entry that says why, and are found again. */
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { registrationOf, type MeteredResource, type Platform } from "../../src/domain/resources/metered-resource.ts";
import { FaultError, type Ledger, type Page, type Work } from "../../src/ledger/ledger.ts";
import { pagesOf } from "../../src/ledger/pages.ts";
import { RESOURCES_LOOKED_AT_MAX, putResource, type ResourceQuery } from "../../src/ledger/resource-facts.ts";
import { START_MS, type LedgerUnderTest } from "./ledger-under-test.ts";
import { allResources, look, newCall, place, put, accountChange, resourceOf } from "./works.ts";

const ACCOUNT = "444455556666";

function task(name: string, over: Partial<MeteredResource> = {}): MeteredResource {
  const platform: Platform = over.platform ?? "ecs";
  return {
    resourceId: `${platform}-${name}`,
    platform,
    externalId: `task “${name}” 🧾\u0000\ud800`,
    accountId: ACCOUNT,
    region: "us-east-1",
    startedAtMs: START_MS,
    heardAtMs: START_MS,
    registrations: [],
    ...over,
  };
}

/** Registers a product, as an operation does: makes the new resource from what is known of it. */
function register(resourceId: string, productCode: string, column = productCode): Work<number | undefined> {
  return {
    call: newCall(),
    keys: [],
    resources: [resourceId],
    productCode: column,
    decide: ({ resources: [known] }) => {
      const registrations = [...(known?.registrations ?? []), { productCode, registeredAtMs: START_MS }];
      return {
        event: { kind: "resource-observed", source: "calls", resource: { resourceId }, changed: true },
        ...(known === undefined ? {} : { resources: [putResource({ ...known, registrations })] }),
        answer: known?.registrations.length,
      };
    },
  };
}

const at = (live: boolean, atMs: number): Partial<ResourceQuery> => ({ life: { live, atMs } });

function forget(...resourceIds: readonly string[]): Work<undefined> {
  return {
    call: newCall(),
    keys: [],
    resources: resourceIds,
    decide: () => ({
      event: { kind: "catalogue-changed", changes: [] },
      resources: resourceIds.map((resourceId) => ({ resourceId, value: undefined })),
      answer: undefined,
    }),
  };
}

async function idsIn(read: (cursor: string | undefined) => Promise<Page<MeteredResource>>): Promise<string[][]> {
  const pages: string[][] = [];
  for await (const page of pagesOf(read)) pages.push(page.map(({ resourceId }) => resourceId));
  return pages;
}

const listed = async (ledger: Ledger, query: Partial<ResourceQuery> = {}): Promise<string[]> =>
  (await idsIn((cursor) => ledger.resources({ limit: 100, ...query, cursor }))).flat();

const due = async (ledger: Ledger, byMs: number, limit = 100): Promise<string[]> =>
  (await idsIn((cursor) => ledger.dueResources({ byMs, cursor, limit }))).flat();

export function resourcePromises(fresh: () => Promise<LedgerUnderTest>): void {
  describe("a metered resource", () => {
    test("is found as it was put there, by work, by its id and in the listing, and after a start", async () => {
      const store = await fresh();
      const whole = task("a", {
        roleName: "app",
        stoppedAtMs: START_MS + 5,
        version: 3,
        registrations: [
          { productCode: "p", registeredAtMs: START_MS, accruedBy: { startedAtMs: 1 }, accruedToHour: 7 },
        ],
        findings: { firstSeenAtMs: 1, stopped: { stoppedAtMs: START_MS + 5, toldAtMs: 9 } },
      });
      await store.ledger.transact(place([whole, task("b")]));
      const check = async (): Promise<void> => {
        expect(await store.ledger.findResources(["ecs-b", "none", "ecs-a", "a\u0000", "\ud800"])).toEqual([
          task("b"),
          undefined,
          whole,
          undefined,
          undefined,
        ]);
        expect(await allResources(store.ledger)).toEqual([whole, task("b")]);
        const seen = look(({ resources }) => resources);
        expect(await store.ledger.transact({ ...seen, resources: ["none", "ecs-a", "ecs-a"] })).toEqual([
          undefined,
          whole,
          whole,
        ]);
      };
      await check();
      await store.reopen();
      await check();
    });

    test("is seen by later work of the same tick as earlier work has left it", async () => {
      const { ledger } = await fresh();
      const answers = await Promise.all([
        ledger.transact(register("ecs-a", "p0", "one")),
        ledger.transact({ ...place([task("a")]), productCode: "one" }),
        ledger.transact(register("ecs-a", "p1", "one")),
        ledger.transact(register("ecs-a", "p2", "one")),
        ledger.transact({ ...forget("ecs-a"), productCode: "one" }),
        ledger.transact(register("ecs-a", "p3", "one")),
        ledger.transact({ ...place([task("a")]), productCode: "one" }),
        ledger.transact(register("ecs-a", "p4", "one")),
      ]);
      expect(answers).toEqual([undefined, undefined, 0, 1, undefined, undefined, undefined, 0]);
      expect((await resourceOf(ledger, "ecs-a"))?.registrations.map(({ productCode }) => productCode)).toEqual(["p4"]);
    });

    test("that much work changes at once, of many products, loses none of the changes", async () => {
      const store = await fresh();
      await store.ledger.transact(place([task("a"), task("b")]));
      const products = Array.from({ length: 40 }, (_, i) => `p${i}`);
      const works = products.flatMap((code) => [register("ecs-a", code), register("ecs-b", code, "one")]);
      await Promise.all(works.map((work) => store.ledger.transact(work)));
      await store.reopen();
      for (const resource of await allResources(store.ledger)) {
        const registered = resource.registrations.map(({ productCode }) => productCode);
        expect(registered.toSorted(), resource.resourceId).toEqual(products.toSorted());
      }
    });

    test("changes together with the entry, or not at all", async () => {
      const store = await fresh();
      await store.ledger.transact(place([task("a"), task("gone")]));
      const [registered, forgotten] = [register("ecs-a", "p"), forget("ecs-gone")];
      store.failNextCommit(new FaultError("disk full", undefined));
      await expect(store.ledger.transact(registered)).rejects.toThrow("disk full");
      store.failNextCommit(new FaultError("disk full", undefined));
      await expect(store.ledger.transact(forgotten)).rejects.toThrow("disk full");
      await store.reopen();
      expect(await allResources(store.ledger)).toEqual([task("a"), task("gone")]);
      expect(await store.ledger.entry(registered.call.requestId)).toBeUndefined();
      expect(await store.ledger.transact(registered)).toBe(0);
      await store.ledger.transact(forgotten);
      expect(await listed(store.ledger)).toEqual(["ecs-a"]);
      expect(await store.ledger.entry(registered.call.requestId)).toBeDefined();
    });

    test("is not changed by work that does not name it; the work beside it goes on", async () => {
      const { ledger } = await fresh();
      const stray = { ...place([task("a")]), resources: ["ecs-b"] };
      const [refused, kept] = await Promise.allSettled([ledger.transact(stray), ledger.transact(place([task("c")]))]);
      expect(refused).toMatchObject({
        status: "rejected",
        reason: { message: expect.stringContaining("ecs-a") as string },
      });
      expect(kept.status).toBe("fulfilled");
      expect(await listed(ledger)).toEqual(["ecs-c"]);
      expect(await ledger.entry(stray.call.requestId)).toBeUndefined();
      expect(ledger.defect).toBeUndefined();
    });

    test("goes with a reset, and no work of before brings it back", async () => {
      const store = await fresh();
      await store.ledger.transact(place([task("a")]));
      const [, , after] = await Promise.all([
        store.ledger.transact(register("ecs-a", "p1")),
        store.ledger.reset(newCall(), () => [accountChange(ACCOUNT)]),
        store.ledger.transact(register("ecs-a", "p2")),
      ]);
      expect(after).toBeUndefined();
      await store.ledger.transact(place([task("b")]));
      await store.reopen();
      expect(await listed(store.ledger)).toEqual(["ecs-b"]);
      expect(store.ledger.catalogue.account(ACCOUNT)).toBeDefined();
    });

    test("may change in the same transaction as the catalogue", async () => {
      const store = await fresh();
      const work: Work<undefined> = {
        ...place([task("a")]),
        decide: (facts) => ({ ...put([accountChange(ACCOUNT)]).decide(facts), ...place([task("a")]).decide(facts) }),
      };
      await store.ledger.transact(work);
      await store.reopen();
      expect(store.ledger.catalogue.account(ACCOUNT)).toBeDefined();
      expect(await listed(store.ledger)).toEqual(["ecs-a"]);
    });
  });

  describe("metered resources are listed", () => {
    const registrations = [{ productCode: "p", registeredAtMs: START_MS }];
    const all = [
      task("a"),
      task("b", { accountId: "777788889999", registrations }),
      task("c", { stoppedAtMs: START_MS }),
      task("d", {
        stoppedAtMs: START_MS + 1,
        registrations: [...registrations, { productCode: "q", registeredAtMs: 1 }],
      }),
      task("a", { platform: "ec2" }),
      task("z", { platform: "eks", registrations }),
    ];

    test("in the order of their ids, page by page", async () => {
      const { ledger } = await fresh();
      await ledger.transact(place(all));
      const ids = all.map(({ resourceId }) => resourceId).toSorted();
      for (const limit of [1, 2, 5, 6, 7]) {
        const pages = await idsIn((cursor) => ledger.resources({ limit, cursor }));
        expect(pages.flat(), `limit ${limit}`).toEqual(ids);
        expect(Math.max(...pages.map(({ length }) => length))).toBe(Math.min(limit, ids.length));
      }
      expect(
        await idsIn((cursor) => ledger.resources({ limit: 6, cursor })),
        "a full page may be the last",
      ).toHaveLength(1);
    });

    test("by platform, account, product and whether they run at a time, and by all of these together", async () => {
      const { ledger } = await fresh();
      await ledger.transact(place(all));
      expect(await listed(ledger, { platform: "ec2" })).toEqual(["ec2-a"]);
      expect(await listed(ledger, { accountId: "777788889999" })).toEqual(["ecs-b"]);
      expect(await listed(ledger, { productCode: "p" })).toEqual(["ecs-b", "ecs-d", "eks-z"]);
      expect(await listed(ledger, { productCode: "q" })).toEqual(["ecs-d"]);
      expect(await listed(ledger, at(true, START_MS))).toEqual(["ec2-a", "ecs-a", "ecs-b", "ecs-d", "eks-z"]);
      expect(await listed(ledger, at(false, START_MS))).toEqual(["ecs-c"]);
      expect(await listed(ledger, at(false, START_MS + 1))).toEqual(["ecs-c", "ecs-d"]);
      const together = { platform: "ecs", accountId: ACCOUNT, productCode: "p", limit: 1 } as const;
      expect(await listed(ledger, { ...together, ...at(true, START_MS) })).toEqual(["ecs-d"]);
      for (const none of ["", "P", "p'", "\ud800", "a\u0000"]) {
        expect(await listed(ledger, { productCode: none }), none).toEqual([]);
        expect(await listed(ledger, { accountId: none }), none).toEqual([]);
      }
    });

    test("of many that do not matter, a page looks at so many, and the next goes on", { timeout: 60_000 }, async () => {
      const { ledger } = await fresh();
      const many = Array.from({ length: RESOURCES_LOOKED_AT_MAX + 2 }, (_, i) => task(`${i}`.padStart(6, "0")));
      for (let from = 0; from < many.length; from += 2_000)
        await ledger.transact(place(many.slice(from, from + 2_000)));
      await ledger.transact(place([task("last", { accountId: "777788889999" })]));
      const pages = await idsIn((cursor) => ledger.resources({ accountId: "777788889999", limit: 10, cursor }));
      expect(pages).toEqual([[], ["ecs-last"]]);
    });

    test("from no cursor but one that was given out", async () => {
      const { ledger } = await fresh();
      await ledger.transact(place(all));
      for (const cursor of ["", "1", "\ud800", Buffer.from("a\u0000").toString("base64url")]) {
        await expect(ledger.resources({ limit: 1, cursor }), cursor).rejects.toThrow("cursor");
        await expect(ledger.dueResources({ byMs: 1, limit: 1, cursor }), cursor).rejects.toThrow("cursor");
      }
    });
  });

  describe("metered resources that are due are found", () => {
    const hourly = { registrations: [{ productCode: "p", registeredAtMs: START_MS }] };
    /** The seventh hour after the start: six hours after the end of the first hour. */
    const FIRST_DUE_MS = START_MS - (START_MS % HOUR_MS) + 7 * HOUR_MS;

    test("in the order of when they became so, from that time on and not before", async () => {
      const store = await fresh();
      const later = { ...hourly, startedAtMs: START_MS + HOUR_MS, heardAtMs: START_MS + HOUR_MS };
      await store.ledger.transact(place([task("b", hourly), task("a", later), task("c", hourly), task("idle")]));
      await store.reopen();
      const { ledger } = store;
      expect(await due(ledger, FIRST_DUE_MS - 1)).toEqual([]);
      for (const limit of [1, 2, 100]) {
        expect(await due(ledger, FIRST_DUE_MS, limit)).toEqual(["ecs-b", "ecs-c"]);
        expect(await due(ledger, FIRST_DUE_MS + HOUR_MS, limit)).toEqual(["ecs-b", "ecs-c", "ecs-a"]);
      }
      expect(await due(ledger, START_MS + 30 * 24 * HOUR_MS), "what nothing is heard of").toContain("ecs-idle");
    });

    test("no more once that is done, and none that is forgotten", async () => {
      const { ledger } = await fresh();
      await ledger.transact(place([task("a", hourly), task("b", hourly), task("c", hourly)]));
      const [accrued] = await ledger.findResources(["ecs-a"]);
      const registration = accrued && registrationOf(accrued, "p");
      if (accrued === undefined || registration === undefined) throw new Error("It has gone.");
      const accruedToHour = Math.floor(START_MS / HOUR_MS) + 1;
      const moved = { ...registration, accruedToHour, accruedBy: { startedAtMs: START_MS } };
      await ledger.transact(place([{ ...accrued, registrations: [moved] }]));
      await ledger.transact(forget("ecs-b"));
      expect(await due(ledger, FIRST_DUE_MS)).toEqual(["ecs-c"]);
      expect(await due(ledger, FIRST_DUE_MS + HOUR_MS)).toEqual(["ecs-c", "ecs-a"]);
    });
  });
}
