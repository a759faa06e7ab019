/** Faults on demand through the operator API: for a lab, listed while they are there, gone with a restart and a reset. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { explanationOf, faultsOf, inject } from "../support/faults.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type Served } from "../support/server.ts";

const THROTTLE = { operation: "BatchMeterUsage", kind: "throttle" };

const idOf = ({ headers }: OperatorAnswer): string => headers.get("x-request-id") ?? "";
const call = (to: Served, method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(to, method, path, { body });

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket();
});
afterAll(() => server.stop());
beforeEach(async () => {
  expect((await call(server, "DELETE", "/faults")).status).toBe(204);
});

test("Rule F1: outside a lab there are none, and the refusal says what it takes", async () => {
  const noLab = await start(["--store", "memory:", "--no-lab"]);
  for (const [method, path, body] of [
    ["GET", "/faults"],
    ["POST", "/faults", THROTTLE],
    ["DELETE", "/faults"],
    ["DELETE", "/faults/x"],
  ] as const) {
    expectProblem(await call(noLab, method, path, body), 403, /^Faults on demand need --lab\.$/);
  }
});

describe("a fault", () => {
  test.each([
    [{}, { count: 1, remaining: 1 }],
    [{ count: 3 }, { count: 3, remaining: 3 }],
    [{ probability: 1 }, { probability: 1 }],
    [
      { probability: 0.5, count: 2 },
      { probability: 0.5, count: 2, remaining: 2 },
    ],
    [
      { match: { productCode: "p", accountId: DEMO.seller } },
      { match: { productCode: "p", accountId: DEMO.seller }, count: 1, remaining: 1 },
    ],
    [
      { kind: "unprocessed", records: 2 },
      { kind: "unprocessed", records: 2, count: 1, remaining: 1 },
    ],
    [
      { kind: "delay", delayMs: 5 },
      { kind: "delay", delayMs: 5, count: 1, remaining: 1 },
    ],
  ])("asked for with %j is in force as %j", async (over, expected) => {
    const answer = await call(server, "POST", "/faults", { ...THROTTLE, ...over });
    expect(answer.status, answer.text).toBe(201);
    const { faultId } = answer.json as { faultId: string };
    expect(answer.json).toEqual({ faultId, ...THROTTLE, hits: 0, ...expected });
    expect(faultId).toBe(answer.headers.get("x-request-id"));
    expect(await faultsOf(server)).toEqual([answer.json]);
  });

  test.each<[object, string]>([
    [{ operation: "NoSuchOperation" }, "operation: "],
    [{ operation: undefined }, "operation: "],
    [{ kind: "meltdown" }, "kind: "],
    [{ count: 0 }, "count: "],
    [{ count: 1.5 }, "count: "],
    [{ count: "2" }, "count: "],
    [{ count: 1_000_001 }, "count: "],
    [{ probability: 0 }, "probability: "],
    [{ probability: 1.1 }, "probability: "],
    [{ delayMs: 5 }, "delayMs: is for the kind delay only"],
    [{ kind: "delay" }, "delayMs: a delay needs it"],
    [{ kind: "delay", delayMs: 0 }, "delayMs: "],
    [{ kind: "delay", delayMs: 60_001 }, "delayMs: "],
    [{ records: 1 }, "records: is for the kind unprocessed only"],
    [{ kind: "unprocessed", records: 26 }, "records: "],
    [{ kind: "unprocessed", operation: "MeterUsage" }, "kind: only BatchMeterUsage has unprocessed records"],
    [{ match: { accountId: "1" } }, "match.accountId: must be twelve digits"],
    [{ match: { productCode: "" } }, "match.productCode: "],
    [{ match: { region: "us-east-1" } }, "match: unknown member region"],
    [
      { operation: "ResolveCustomer", match: { productCode: "p" } },
      "match.productCode: a ResolveCustomer request names no product",
    ],
    [{ times: 3 }, "unknown member times"],
  ])("with %j does not fit", async (over, complaint) => {
    const answer = await call(server, "POST", "/faults", { ...THROTTLE, ...over });
    expectProblem(answer, 422, /does not fit its schema/, [expect.stringContaining(complaint) as string]);
    expect(await faultsOf(server)).toEqual([]);
  });

  test("is taken away by its id, and others stay", async () => {
    const [first, second] = [await inject(server, THROTTLE), await inject(server, THROTTLE)];
    expect((await call(server, "DELETE", `/faults/${first.faultId}`)).status).toBe(204);
    expect(await faultsOf(server)).toEqual([second]);
    expectProblem(await call(server, "DELETE", `/faults/${first.faultId}`), 404, /^No fault /);
  });

  test("is listed page by page with the others, in the order in which they were added", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push((await inject(server, THROTTLE)).faultId);
    const page = (await call(server, "GET", "/faults?limit=2")).json as { items: object[]; nextCursor: string };
    expect(page.items).toMatchObject([{ faultId: ids[0] }, { faultId: ids[1] }]);
    const next = await call(server, "GET", `/faults?limit=2&cursor=${page.nextCursor}`);
    expect(next.json).toMatchObject({ items: [{ faultId: ids[2] }] });
    expectProblem(await call(server, "GET", "/faults?cursor=x"), 400, /cursor/);
  });

  test("too many is refused, until one is taken away", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 100; i += 1) ids.push((await inject(server, THROTTLE)).faultId);
    expectProblem(await call(server, "POST", "/faults", THROTTLE), 409, /100 faults are in force/);
    await call(server, "DELETE", `/faults/${ids[0]}`);
    await inject(server, THROTTLE);
    expect(await faultsOf(server)).toHaveLength(100);
  });
});

test("changes of faults are in the ledger, refused ones too", async () => {
  const { faultId } = await inject(server, { ...THROTTLE, probability: 0.5 });
  expect(await explanationOf(server, faultId)).toMatchObject({
    operation: "CreateFault",
    principal: "operator",
    event: "fault-added",
    details: { fault: { faultId, ...THROTTLE, probability: 0.5 } },
  });
  const removed = await call(server, "DELETE", `/faults/${faultId}`);
  expect(await explanationOf(server, idOf(removed))).toMatchObject({
    event: "faults-removed",
    details: { faultIds: [faultId] },
  });
  const refused = await call(server, "DELETE", `/faults/${faultId}`);
  expect(await explanationOf(server, idOf(refused))).toMatchObject({ refusal: { code: "not-found", compared: {} } });
});

test("a reset ends all faults", async () => {
  await inject(server, THROTTLE);
  await call(server, "POST", "/reset");
  expect(await faultsOf(server)).toEqual([]);
});

test("a restart ends all faults; what they did is still in the ledger", async () => {
  const args = ["--store", `sqlite:${newFolder()}/data`];
  const first = await start(args);
  const { faultId } = await inject(first, { ...THROTTLE, probability: 1 });
  const client = officialClient(first.endpoint);
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [] });
  const refused = (await client.send(command).catch((error: unknown) => error)) as { $metadata: { requestId: string } };
  client.destroy();
  await first.kill();

  const second = await start(args);
  expect(await faultsOf(second)).toEqual([]);
  const again = officialClient(second.endpoint);
  expect((await again.send(command)).$metadata.attempts).toBe(1);
  again.destroy();
  expect(await explanationOf(second, refused.$metadata.requestId)).toMatchObject({
    faults: [{ faultId, kind: "throttle" }],
    refusal: { code: "ThrottlingException", rule: { id: "F1" }, compared: { faultId } },
  });
});
