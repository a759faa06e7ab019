/** Which changes of agreements are allowed, and why others are refused, case by case. Rules G6 to G8 and K8. */
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import {
  BERTS_ACCOUNT,
  DAY_MS,
  LOGS,
  OTHER_SELLER,
  PRODUCTS,
  TRACES,
  agreement,
  licence,
  putAgreement,
  putProduct,
} from "../../../testing/market.ts";
import type { Agreement } from "../catalogue/agreement.ts";
import { Catalogue } from "../catalogue/catalogue.ts";
import type { Product } from "../catalogue/product.ts";
import { settledChanges } from "./settled-changes.ts";

/** Half past twelve: the next hour's edge lies far enough ahead. */
const NOW_MS = Date.UTC(2026, 6, 14, 12, 30);
const at = (hours: number): number => Date.UTC(2026, 6, 14, 13) + hours * HOUR_MS;
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Applies changes; answers the ends of the agreements, or what is wrong. */
function change(held: readonly Agreement[], asked: readonly Agreement[], nowMs = NOW_MS): unknown {
  const catalogue = new Catalogue([...PRODUCTS, ...held.map(putAgreement)]);
  const { changes, problems } = settledChanges(asked.map(putAgreement), catalogue, nowMs);
  const [first] = problems;
  if (first !== undefined) return [first.problem.reason, first.problem.path.join("."), first.problem.message];
  return changes.map(({ value }) => value);
}

const old = agreement("old", { startsAtMs: at(-48) });
const next = (over: Partial<Agreement> = {}): Agreement =>
  agreement("next", { replaces: "old", customerIdentifier: "anne", startsAtMs: at(0), ...over });

describe("Rule G6: an agreement goes on with another", () => {
  test("which ends where it begins, and names it", () => {
    expect(change([old], [next()])).toEqual([next(), { ...old, endsAtMs: at(0), replacedBy: "next" }]);
  });

  test("which ends before, where it does", () => {
    const ends = { ...old, endsAtMs: at(-0.25) };
    expect(change([ends], [next()])).toEqual([next(), { ...ends, replacedBy: "next" }]);
  });

  test("that comes with it, at any edge of an hour, in whichever order the two are told", () => {
    const early = next({ startsAtMs: at(-24) });
    const ended = { ...old, endsAtMs: at(-24), replacedBy: "next" };
    expect(change([], [old, early])).toEqual([ended, early]);
    expect(change([], [early, old])).toEqual([early, ended]);
    expect(change([], [{ ...old, suspendedAtMs: at(-30) }, early]), "nothing was metered yet").toEqual([
      { ...ended, suspendedAtMs: at(-30) },
      early,
    ]);
  });

  test("in a chain that comes all at once", () => {
    const third = agreement("third", { replaces: "next", customerIdentifier: "anja", startsAtMs: at(5) });
    expect(change([old], [next(), third])).toEqual([
      { ...next(), endsAtMs: at(5), replacedBy: "third" },
      third,
      { ...old, endsAtMs: at(0), replacedBy: "next" },
    ]);
  });

  const edge = `must be an hour's edge (UTC) more than 900 s after the service clock, which says ${iso(NOW_MS)}: ${iso(at(0))} or a later one`;
  test.each<[string, Partial<Agreement>, Partial<Agreement>, readonly [string, string, string]]>([
    ["that is not there", { replaces: "none" }, {}, ["invalid", "replaces", "no agreement none"]],
    ["that is itself", { replaces: "next" }, {}, ["invalid", "replaces", "must be another agreement"]],
    ["of another product", { productCode: TRACES }, {}, ["invalid", "productCode", `must be that of agreement old, which it replaces: ${LOGS}`]],
    ["of another account", { customerAccountId: BERTS_ACCOUNT }, {}, ["invalid", "customerAccountId", `must be that of agreement old, which it replaces: ${old.customerAccountId}`]],
    ["that is replaced", {}, { replacedBy: "another" }, ["conflict", "replaces", "agreement old is replaced by another already"]],
    ["that was cancelled", {}, { cancelledAtMs: at(-2) }, ["conflict", "replaces", `agreement old was cancelled at ${iso(at(-2))}`]],
    ["that ran out", {}, { endsAtMs: NOW_MS }, ["conflict", "replaces", `agreement old ran out at ${iso(NOW_MS)}`]],
    ["that is suspended", {}, { suspendedAtMs: at(-2) }, ["conflict", "replaces", `agreement old is suspended since ${iso(at(-2))}; resume it first`]],
    ["from its start", {}, { startsAtMs: at(0) }, ["invalid", "startsAt", `must lie after the start of agreement old, which it replaces: ${iso(at(0))}`]],
    ["until it begins", { endsAtMs: at(0) }, {}, ["invalid", "endsAt", `must lie after startsAt, ${iso(at(0))}`]],
    ["at no edge of an hour", { startsAtMs: at(0) + 1 }, {}, ["invalid", "startsAt", edge]],
    ["in the past", { startsAtMs: at(-1) }, {}, ["invalid", "startsAt", edge]],
  ])("and not with one %s", (_of, over, oldOver, problem) => {
    expect(change([{ ...old, ...oldOver }], [next(over)])).toEqual(problem);
  }); // prettier-ignore

  test("and not at an edge of which usage can have been sent: 900 seconds ahead", () => {
    const edgeMs = at(0);
    const told = (agoMs: number): unknown => change([old], [next()], edgeMs - agoMs);
    expect(told(900_001)).toHaveLength(2);
    expect(told(900_000)).toEqual(["invalid", "startsAt", expect.stringContaining(`${iso(at(1))} or a later one`)]);
  });

  test("and not within an hour, of one that comes with it", () => {
    expect(change([], [old, next({ startsAtMs: at(0) + 1 })])).toEqual([
      "invalid",
      "startsAt",
      "must be an hour's edge (UTC) where another agreement is replaced",
    ]);
  });
});

describe("Rule G7: by what an agreement or product is metered never changes", () => {
  const held = agreement("old", { customerIdentifier: undefined, startsAtMs: at(-48) });
  test.each<[string, Partial<Agreement>, string, string]>([
    ["productCode", { productCode: TRACES }, `it is ${LOGS} in agreement old`, "another product or account is another agreement: add a new one, and cancel this one"],
    ["customerAccountId", { customerAccountId: BERTS_ACCOUNT }, `it is ${old.customerAccountId} in agreement old`, "another product or account is another agreement: add a new one, and cancel this one"],
    ["customerIdentifier", { customerIdentifier: "anna" }, "agreement old has none", "add a new agreement with replaces: old"],
    ["licenseArn", { licenseArn: licence("new") }, `it is ${licence("old")} in agreement old`, "add a new agreement with replaces: old"],
    ["replaces", { replaces: "x" }, "agreement old has none", "what an agreement replaces is said when it is added"],
  ])("its %s", (member, over, is, way) => {
    expect(change([held], [{ ...held, ...over }])).toEqual([
      "conflict",
      member,
      `${is}, and that never changes, so that what was metered stays as it was; ${way}`,
    ]);
  }); // prettier-ignore

  test.each<[string, Partial<Product>]>([
    ["seller", { seller: OTHER_SELLER }],
    ["type", { type: "ami" }],
  ])("a product's %s", (member, over) => {
    const catalogue = new Catalogue(PRODUCTS);
    const product = catalogue.product(LOGS) as Product;
    const { problems } = settledChanges([putProduct({ ...product, ...over })], catalogue, NOW_MS);
    expect(problems.map(({ problem }) => [problem.reason, ...problem.path])).toEqual([["conflict", member]]);
    expect(settledChanges([putProduct({ ...product, title: "New" })], catalogue, NOW_MS).problems).toEqual([]);
  });
});

const move = (fromMs: number, toMs: number, over: Partial<Agreement> = {}): unknown => {
  const result = change(
    [agreement("a", { startsAtMs: fromMs, ...over })],
    [agreement("a", { startsAtMs: toMs, ...over })],
  );
  return Array.isArray(result) && typeof result[0] === "string" ? result : "moved";
};

describe("Rule G8: the start of an agreement", () => {
  const began = `and usage may have been metered since; it can be moved to an earlier time only (the service clock says ${iso(NOW_MS)})`;

  test("may become an earlier one, and a later one as long as no usage can have been sent", () => {
    expect(move(at(-3), at(-4))).toBe("moved");
    expect(move(NOW_MS + 900_001, at(9))).toBe("moved");
    const refused = `agreement a begins at ${iso(NOW_MS + 900_000)}, ${began}`;
    expect(move(NOW_MS + 900_000, at(9))).toEqual(["conflict", "startsAt", refused]);
  });

  test("of one that replaced another stays", () => {
    expect(move(at(3), at(2), { replaces: "old" })).toEqual([
      "conflict",
      "startsAt",
      `agreement a replaces old at ${iso(at(3))}, and that never changes`,
    ]);
  });
});

const covered = (before: Partial<Agreement>, after: Partial<Agreement>): unknown => {
  const [value] = change([{ ...old, ...before }], [{ ...old, ...before, ...after }]) as [Agreement];
  return value.coveredUntilMs;
};

describe("Rule G8: the end of an agreement", () => {
  const replaced = { ...old, endsAtMs: at(0), replacedBy: "next" };

  test("that is replaced may become an earlier one, and no later one than that of the replacement", () => {
    expect(change([replaced, next()], [{ ...replaced, endsAtMs: at(0) }])).toHaveLength(1);
    expect(change([replaced, next()], [{ ...replaced, endsAtMs: at(-1) }])).toHaveLength(1);
    const refused = `agreement old is replaced by next at ${iso(at(0))}, and cannot end after that`;
    expect(change([replaced, next()], [{ ...replaced, endsAtMs: at(0) + 1 }])).toEqual(["conflict", "endsAt", refused]);
    expect(change([replaced, next()], [{ ...replaced, endsAtMs: undefined }])).toEqual(["conflict", "endsAt", refused]);
  });

  test("that comes to lie in the past is kept with how far it had covered usage", () => {
    expect(covered({}, { endsAtMs: at(-5) })).toBe(NOW_MS);
    expect(covered({ endsAtMs: at(-2) }, { endsAtMs: at(-5) })).toBe(at(-2));
    expect(covered({ endsAtMs: at(-5) }, { endsAtMs: at(-2) }), "it covers more").toBeUndefined();
    expect(covered({}, { endsAtMs: NOW_MS }), "it covers as much").toBeUndefined();
    expect(covered({ endsAtMs: at(-4), coveredUntilMs: at(-2) }, { endsAtMs: at(-5) }), "that is known").toBe(at(-2));
    expect(covered({ startsAtMs: NOW_MS }, { endsAtMs: NOW_MS - 1 }), "it covered nothing").toBeUndefined();
  });
});

const beside = (over: Partial<Agreement>, held: readonly Agreement[] = [old]): unknown => {
  const result = change(held, [agreement("beside", { startsAtMs: at(-3), ...over })]);
  return Array.isArray(result) && result[0] === "conflict" ? result.slice(1) : "added";
};

const text = (has: string, fromMs: number, other = "old"): string =>
  `agreement ${other} names account ${old.customerAccountId} of product ${LOGS} ${has} in hours from ${iso(fromMs)} on, and usage sent under both names would count twice; a new agreement with replaces: ${other} takes over at an hour's edge`;

const ended = (endsAtMs: number): unknown => beside({ customerIdentifier: "anne" }, [{ ...old, endsAtMs }]);

const longAgo = (daysAgo: number): unknown =>
  beside({ customerIdentifier: "anne", startsAtMs: 0, endsAtMs: at(0) - daysAgo * DAY_MS }, [
    { ...old, startsAtMs: 0, endsAtMs: at(0) - daysAgo * DAY_MS },
  ]);

describe("Rule K8: a new way to name a customer in hours in which there is another", () => {
  test("is refused, with the first of those hours", () => {
    expect(beside({ customerIdentifier: "anne" })).toEqual(["customerIdentifier", text("with anna", at(-3))]);
    const bare = { ...old, customerIdentifier: undefined };
    expect(beside({}, [bare])).toEqual(["customerIdentifier", text("without one", at(-3))]);
    const unlicensed = { ...old, licenseArn: undefined };
    expect(beside({}, [unlicensed])).toEqual(["licenseArn", text("without one", at(-3))]);
  });

  test("is none where it is the same, or a licence beside a licence, or no name at all", () => {
    expect(beside({})).toBe("added");
    expect(beside({ customerIdentifier: undefined })).toBe("added");
    expect(
      beside({ customerIdentifier: undefined, licenseArn: undefined }, [{ ...old, customerIdentifier: "x" }]),
    ).toBe("added");
    expect(beside({ customerIdentifier: "of another product", productCode: TRACES })).toBe("added");
    expect(beside({ customerIdentifier: "of another customer", customerAccountId: BERTS_ACCOUNT })).toBe("added");
  });

  test("counts by whole hours, and 15 minutes ahead of the clock", () => {
    expect(ended(at(-3) - 900_000)).toBe("added");
    expect(ended(at(-3) - 900_000 + 1)).toEqual(["customerIdentifier", text("with anna", at(-3))]);
    const starts = (startsAtMs: number): unknown =>
      beside({ customerIdentifier: "anne", startsAtMs }, [{ ...old, endsAtMs: at(-3) - 1_000_000 + HOUR_MS }]);
    expect(starts(at(-2) - 1)).toEqual(["customerIdentifier", text("with anna", at(-3))]);
    expect(starts(at(-2))).toBe("added");
  });

  test("matters only in hours of which usage is still accepted", () => {
    expect(longAgo(0.5)).not.toBe("added");
    expect(longAgo(40)).toBe("added");
  });

  test("is not new where it named the customer up to there", () => {
    const bare = agreement("bare", { customerIdentifier: undefined, startsAtMs: at(-1) });
    const anna = { ...old, endsAtMs: at(-0.25) };
    // The agreement's own hours end at one o'clock. If its end moves later, its new hours follow its own, which is no conflict.
    expect(change([anna, bare], [{ ...anna, endsAtMs: at(4) }])).toHaveLength(1);
    const long = agreement("long", { customerIdentifier: undefined, startsAtMs: at(-9) });
    const past = { ...old, endsAtMs: at(-5.5) };
    expect(change([past, long], [{ ...past, endsAtMs: at(4) }])).toHaveLength(1);
    const third = agreement("third", { startsAtMs: at(-4) });
    expect(change([{ ...past, endsAtMs: at(-4) }, long], [third]), "another one's hours").toHaveLength(1);
    const later = agreement("later", { startsAtMs: at(-2) });
    expect(change([past, long], [later])).toEqual([
      "conflict",
      "customerIdentifier",
      text("without one", at(-2), "long"),
    ]);
  });
});

test("of several changes, each that cannot be made is told once, and the others are as they are", () => {
  const held = new Catalogue([...PRODUCTS, putAgreement(old)]);
  const product = held.product(LOGS) as Product;
  // Two faults: the agreement that it replaces does not exist, and its name is new in hours of another agreement.
  const unreplacing = putAgreement(next({ replaces: "none" }));
  const renamed = putAgreement({ ...old, customerIdentifier: "other" });
  // A product that has the same id as an agreement.
  const moved = putProduct({ ...product, productCode: "next", seller: OTHER_SELLER });
  const before = new Catalogue([...PRODUCTS, putAgreement(old), putProduct({ ...product, productCode: "next" })]);
  const { problems } = settledChanges([unreplacing, renamed, moved], before, NOW_MS);
  expect(problems.map(({ change: { kind, id }, problem }) => [kind, id, ...problem.path])).toEqual([
    ["agreement", "next", "replaces"],
    ["agreement", "old", "customerIdentifier"],
    ["product", "next", "seller"],
  ]);
});

test("changes of other kinds are made as they are asked for", () => {
  const asked = [{ kind: "account", id: "1", value: { id: "1", users: [], roles: [] } }] as const;
  expect(settledChanges(asked, new Catalogue(), NOW_MS)).toEqual({ changes: asked, problems: [] });
});
