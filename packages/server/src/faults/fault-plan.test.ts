import { beforeEach, describe, expect, test } from "vitest";
import type { FaultTarget, InjectedFault } from "../domain/injected-fault.ts";
import { FAULTS_MAX, FaultPlan } from "./fault-plan.ts";

const TARGET: FaultTarget = {
  operation: "BatchMeterUsage",
  accountId: "111122223333",
  productCode: "0abcdefghijklmnopqrstuvwx",
};

let drawn: number[];
let told: string[];
let plan: FaultPlan;
beforeEach(() => {
  drawn = [];
  told = [];
  plan = new FaultPlan({
    draw: () => drawn.shift() ?? 0,
    onHit: (operation, { faultId, kind }) => told.push(`${operation} ${kind} ${faultId}`),
  });
});

let made = 0;
function add(over: Partial<InjectedFault> = {}): string {
  made += 1;
  const fault: InjectedFault = { faultId: `fault-${made}`, operation: "BatchMeterUsage", kind: "throttle", ...over };
  expect(plan.add(fault)).toBe(true);
  return fault.faultId;
}

const hit = (over: Partial<FaultTarget> = {}): string[] =>
  plan.hit(() => ({ ...TARGET, ...over })).map(({ faultId }) => faultId);

function neverAsked(): never {
  throw new Error("It was asked.");
}

describe("Rule F1: a fault hits", () => {
  test("as many requests as it was asked to, and is then listed as used up", () => {
    const id = add({ count: 2 });
    expect([hit(), hit(), hit()]).toEqual([[id], [id], []]);
    expect(plan.list()).toMatchObject([{ hits: 2 }]);
    expect(told).toEqual(Array(2).fill(`BatchMeterUsage throttle ${id}`));
  });

  test("without end where no count was given", () => {
    const id = add();
    for (let i = 0; i < 1_000; i += 1) expect(hit()).toEqual([id]);
  });

  test("requests of its operation only", () => {
    add();
    expect(hit({ operation: "ResolveCustomer" })).toEqual([]);
  });

  test.each<[InjectedFault["match"], Partial<FaultTarget>, boolean]>([
    [{}, {}, true],
    [{ productCode: TARGET.productCode }, {}, true],
    [{ productCode: TARGET.productCode }, { accountId: "444455556666" }, true],
    [{ productCode: "another" }, {}, false],
    [{ productCode: "another" }, { productCode: undefined }, false],
    [{ accountId: TARGET.accountId }, {}, true],
    [{ accountId: TARGET.accountId }, { productCode: undefined }, true],
    [{ accountId: "444455556666" }, {}, false],
    [{ accountId: TARGET.accountId, productCode: "another" }, {}, false],
    [{ accountId: TARGET.accountId, productCode: TARGET.productCode }, {}, true],
  ])("for %j and a request with %j: %s", (match, over, expected) => {
    add({ match });
    expect(hit(over)).toHaveLength(expected ? 1 : 0);
  });

  test("the requests that are drawn; those that are not cost it nothing", () => {
    const id = add({ probability: 0.25, count: 2 });
    drawn = [0.25, 0.999, 0.249_999, 0.5, 0];
    expect([hit(), hit(), hit(), hit(), hit(), hit()]).toEqual([[], [], [id], [], [id], []]);
    expect(plan.find(id)).toMatchObject({ hits: 2 });
  });
});

describe("of several faults", () => {
  test("the first that is for the request hits, and the others are left as they are", () => {
    const [other, first, second] = [add({ match: { accountId: "444455556666" } }), add({ count: 1 }), add()];
    expect([hit(), hit()]).toEqual([[first], [second]]);
    expect(plan.find(other)).toMatchObject({ hits: 0 });
  });

  test("one that is not drawn leaves the request to the next", () => {
    add({ probability: 0.5 });
    const second = add();
    drawn = [0.5];
    expect(hit()).toEqual([second]);
  });

  test("a delay goes with the first of any other kind, and never with another delay", () => {
    const ids = (["delay", "delay", "drop-answer", "throttle"] as const).map((kind) => add({ kind, delayMs: 5 }));
    expect(hit()).toEqual([ids[0], ids[2]]);
    plan.remove(ids[2] as string);
    expect(hit()).toEqual([ids[0], ids[3]]);
  });
});

describe("the faults in force", () => {
  test("are bounded; one that is used up makes way", () => {
    const ids = Array.from({ length: FAULTS_MAX }, (_, i) => add({ count: i === 3 ? 1 : 2 }));
    const tooMany: InjectedFault = { faultId: "too-many", operation: "BatchMeterUsage", kind: "delay" };
    expect(plan.add(tooMany)).toBe(false);
    for (const id of ids.slice(0, 3)) plan.remove(id);
    hit();
    for (let i = 0; i < 3; i += 1) add();
    expect(plan.list()).toHaveLength(FAULTS_MAX);
    expect(plan.add(tooMany)).toBe(true);
    expect(plan.find(ids[3] as string)).toBeUndefined();
    expect(plan.list()).toHaveLength(FAULTS_MAX);
  });

  test("can be cleared, and then nobody is even asked what the request is for", () => {
    add();
    plan.clear();
    expect(plan.hit(neverAsked)).toEqual([]);
  });
});
