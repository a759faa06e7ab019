/** What would be: policies, registration tokens; and verifications as jobs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO } from "../support/server.ts";
import { until } from "../support/until.ts";

const NOW = "2026-07-20T12:00:00.000Z";
const ACCOUNT = "999900001111";
let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Sid: "Meter", Effect: "Allow", Action: "aws-marketplace:BatchMeter*", Resource: "*" },
      { Effect: "Deny", Action: "aws-marketplace:ResolveCustomer", Resource: "*" },
      {
        Sid: "Inside",
        Effect: "Allow",
        Action: "aws-marketplace:MeterUsage",
        Resource: "*",
        Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
      },
    ],
  };
  await add(server, "/accounts", { id: ACCOUNT, users: [{ name: "bound", policy }, { name: "free" }] });
});
afterAll(() => server.stop());

const simulate = (body: unknown): Promise<OperatorAnswer> =>
  callOperator(server, "POST", "/policy-simulations", { body });

describe("a policy", () => {
  const principal = `arn:aws:iam::${ACCOUNT}:user/bound`;
  test.each([
    ["BatchMeterUsage", {}, { verdict: "allowed", by: { statement: 1, sid: "Meter" } }],
    ["ResolveCustomer", {}, { verdict: "denied", by: { statement: 2 }, why: "Statement 2 denies it." }],
    ["RegisterUsage", {}, { verdict: "not-allowed", why: "No statement allows it." }],
    ["MeterUsage", { sourceAddress: "10.1.2.3" }, { verdict: "allowed", by: { statement: 3, sid: "Inside" } }],
    [
      "MeterUsage",
      { sourceAddress: "192.0.2.1" },
      {
        verdict: "not-allowed",
        by: { statement: 3, sid: "Inside" },
        unmet: { operator: "IpAddress", key: "aws:SourceIp", value: "192.0.2.1" },
      },
    ],
  ])("is asked about %s with %j", async (operation, facts, wanted) => {
    const answer = await simulate({ principal, action: `aws-marketplace:${operation}`, ...facts });
    expect(answer.json).toMatchObject({ principal, ...wanted });
  });

  test("that is not there allows everything", async () => {
    const body = { principal: `arn:aws:iam::${ACCOUNT}:user/free`, action: "aws-marketplace:MeterUsage" };
    expect((await simulate(body)).json).toMatchObject({
      verdict: "allowed",
      why: /There is no policy/,
    });
  });

  test("of nobody is not found, and what is no principal does not fit", async () => {
    const action = "aws-marketplace:MeterUsage";
    const nobody = { principal: `arn:aws:iam::${ACCOUNT}:role/none`, action };
    expectProblem(await simulate(nobody), 404, /has no role of that name/);
    expectProblem(await simulate({ principal: "operator", action }), 422, /does not fit/, [
      "principal: must be the ARN of a user or a role",
    ]);
    expectProblem(await simulate({ ...nobody, action: "*" }), 422, /does not fit/, [
      "action: must be an IAM action, such as aws-marketplace:BatchMeterUsage",
    ]);
  });
});

const inspect = async (token: string): Promise<unknown> =>
  (await callOperator(server, "POST", "/registration-tokens/inspect", { body: { registrationToken: token } })).json;

describe("a registration token", () => {
  test("says whose it is, and until when", async () => {
    const token = await registrationToken(server, "agmt-demo1");
    const told = {
      agreementId: "agmt-demo1",
      productCode: DEMO.productCode,
      customerAccountId: "444455556666",
      customerIdentifier: DEMO.customers[0],
      seller: DEMO.seller,
    };
    expect(await inspect(token)).toMatchObject({ valid: true, ...told, expiresAt: "2026-07-20T16:00:00.000Z" });
    await moveClock(server, { advanceSeconds: 4 * 3_600 });
    expect(await inspect(token)).toMatchObject({ valid: false, why: /has expired/, ...told });
  });

  test.each(["x", "A".repeat(4_096), "\u0000", "N+bM3dpec50tDFRksFZv/8BB4aQMad+ntErspPhpOu4="])(
    "%j is none",
    async (token) => {
      expect(await inspect(token)).toMatchObject({ valid: false, why: /no token of this server's/ });
    },
  );
});

describe("a verification", () => {
  interface Job {
    readonly id: string;
    readonly state: string;
    readonly result?: { readonly intact: boolean; readonly entries: number };
  }

  test("is begun, looked at and kept; one goes on at a time", async () => {
    // Of a ledger on a disk: one in memory is read before anybody can look.
    const kept = await start(["--store", `sqlite:${newFolder()}/data`]);
    const begin = (): Promise<OperatorAnswer> => callOperator(kept, "POST", "/audit-verifications");
    const show = async (id: string): Promise<Job> =>
      (await callOperator(kept, "GET", `/audit-verifications/${id}`)).json as Job;
    const [one, other] = await Promise.all([begin(), begin()]);
    expect(one.status, one.text).toBe(201);
    const { id, ...job } = one.json as Job;
    expect(job).toMatchObject({ state: "running", startedBy: "operator", entriesRead: 0 });
    expect((other.json as Job).id).toBe(id);
    await until(async () => (await show(id)).state !== "running");
    const ended = await show(id);
    expect(ended).toMatchObject({ state: "done", result: { intact: true } });
    expect(ended).toMatchObject({ entriesRead: ended.result?.entries, entriesTotal: ended.result?.entries });
    const { json } = await callOperator(kept, "GET", "/audit-verifications");
    expect(json).toEqual({ items: [ended] });
    const next = (await begin()).json as Job;
    expect(next.id).not.toBe(id);
    await until(async () => (await show(next.id)).state === "done");
    expectProblem(await callOperator(kept, "GET", `/audit-verifications/${id}`), 404, /^No such verification/);
  });
});
