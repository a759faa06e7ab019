/** `GET /audit-events`: who did what, for the operator; and that nothing secret is in it. */
import { BatchMeterUsageCommand, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { CONTRACT, DEMO, officialClient } from "../support/server.ts";

const NOW = "2026-03-10T12:00:00Z";
const BUYER = "444455556666";

interface Listed {
  readonly eventName: string;
  readonly eventTime: string;
  readonly eventID: string;
  readonly errorCode?: string;
  readonly userIdentity: { readonly type: string };
}

let server: DemoMarket;
/** What must be nowhere in any event. */
const secrets: string[] = [DEMO.secretAccessKey];

beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  secrets.push(server.operatorToken);
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date(NOW), CustomerIdentifier: DEMO.customers[0], Dimension: "seats", Quantity: 1 };
  client.middlewareStack.add(
    (next) => (args) => {
      const { authorization } = (args.request as { headers: Record<string, string> }).headers;
      secrets.push(/Signature=(\w+)/.exec(authorization ?? "")?.[1] ?? "no signature was seen");
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  const meter = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
  await client.send(meter);
  await moveClock(server, { advanceSeconds: 60 });
  await client.send(meter);
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  await client.send(new ResolveCustomerCommand({ RegistrationToken }));
  await client.send(new ResolveCustomerCommand({ RegistrationToken: "bWFkZSB1cA" })).catch(() => undefined);
  secrets.push(RegistrationToken, "bWFkZSB1cA");
  const made = await server.operator("POST", `/accounts/${DEMO.seller}/access-keys`, { userName: "metering" });
  secrets.push((made.body as { secretAccessKey: string }).secretAccessKey);
  const user = { name: "u", accessKeyId: "AKIAINAUDITEVENTS001", secretAccessKey: "a-secret-of-a-new-user" };
  secrets.push(user.secretAccessKey);
  await add(server, "/accounts", { id: "999900001111", users: [user] });
  await server.operator("POST", "/accounts", { id: "999900001111" });
  await moveClock(server, { advanceSeconds: 60 });
});

afterAll(() => server.stop());

interface Answer {
  readonly items: readonly Listed[];
  readonly nextCursor?: string;
}

async function page(query: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const answer = await callOperator(server, "GET", `/audit-events?${new URLSearchParams(query).toString()}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Answer;
}
const names = async (query: Readonly<Record<string, string>> = {}): Promise<string[]> =>
  (await page(query)).items.map(
    ({ eventName, errorCode }) => `${eventName}${errorCode === undefined ? "" : ` ${errorCode}`}`,
  );

const ALL = [
  "StartClock",
  "ApplyCatalogue",
  "CreateRegistrationKey",
  "BatchMeterUsage",
  "MoveClock",
  "BatchMeterUsage",
  "IssueRegistrationToken",
  "ResolveCustomer",
  "ResolveCustomer InvalidTokenException",
  "CreateAccessKey",
  "CreateAccount",
  "CreateAccount conflict",
  "MoveClock",
];

test("lists calls and changes, the newest first or the oldest", async () => {
  expect(await names({ order: "oldest" })).toEqual(ALL);
  expect(await names()).toEqual(ALL.toReversed());
});

describe("finds events", () => {
  const questions: readonly [string, Readonly<Record<string, string>>, readonly string[]][] = [
    ["by name", { eventName: "BatchMeterUsage" }, ["BatchMeterUsage", "BatchMeterUsage"]],
    ["by account", { accountId: DEMO.seller }, [ALL[3], ALL[5], ALL[7], ALL[8]] as string[]],
    ["by another account", { accountId: BUYER }, []],
    ["by access key", { accessKeyId: DEMO.accessKeyId, eventName: "ResolveCustomer" }, ALL.slice(7, 9)],
    ["by product", { productCode: DEMO.productCode }, [ALL[3], ALL[5], ALL[7]] as string[]],
    ["by another product", { productCode: CONTRACT.productCode }, []],
    ["from a time on, included", { from: "2026-03-10T12:01:00Z" }, ALL.slice(5)],
    ["from a time on", { from: "2026-03-10T12:00:30Z" }, ALL.slice(5)],
    ["to a time, not included", { to: "2026-03-10T12:01:00Z" }, ALL.slice(0, 5)],
  ];
  test.each(questions)("%s", async (_what, query, expected) => {
    expect(await names({ ...query, order: "oldest" })).toEqual(expected);
  });
});

test.each(["newest", "oldest"])("pages from the %s on hold each event once", async (order) => {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await page({ order, limit: "3", ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...items.map(({ eventID }) => eventID));
    cursor = nextCursor;
  } while (cursor !== undefined);
  expect(ids).toEqual((await page({ order })).items.map(({ eventID }) => eventID));
});

test("an operator's change is an event of our own source, with what was changed and without its secrets", async () => {
  const { items } = await page({ eventName: "CreateAccount", order: "oldest" });
  expect(items[0]).toMatchObject({
    userIdentity: { type: "Operator", principalId: "operator" },
    eventSource: "operator.countinghouse",
    eventType: "AwsServiceEvent",
    serviceEventDetails: {
      event: "catalogue-changed",
      changes: [
        { kind: "account", id: "999900001111", action: "put", value: { users: [{ name: "u" }] } },
        { kind: "access-key", action: "put", value: { accessKeyId: "AKIAINAUDITEVENTS001", userName: "u" } },
      ],
    },
  });
  expect(items[0]).not.toHaveProperty("recipientAccountId");
  expect(items[1]).toMatchObject({ errorCode: "conflict", errorMessage: expect.stringContaining("exists") as string });
});

test("no secret, token or signature is in any event", async () => {
  const answer = await callOperator(server, "GET", "/audit-events?limit=1000");
  expect((answer.json as Answer).items).toHaveLength(ALL.length);
  expect(secrets).toHaveLength(10);
  for (const secret of secrets) {
    expect(secret).toMatch(/.{8}/);
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    ]) {
      expect(answer.text).not.toContain(form);
    }
  }
  expect(answer.text).toContain("HIDDEN_DUE_TO_SECURITY_REASONS");
});

test("what is no question is refused", async () => {
  expectProblem(await callOperator(server, "GET", "/audit-events?cursor=made-up"), 400, /cursor is invalid/);
  for (const query of ["order=random", "limit=0", "limit=1001", "from=yesterday", "to=1"]) {
    const answer = await callOperator(server, "GET", `/audit-events?${query}`);
    expect(answer.status, query).toBe(422);
  }
});
