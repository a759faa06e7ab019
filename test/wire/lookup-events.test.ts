/** LookupEvents through the official SDK: every attribute, times, pages, whose events they are, and what is refused. */
import {
  LookupEventsCommand,
  paginateLookupEvents,
  type CloudTrailClient,
  type Event,
  type LookupAttributeKey,
  type LookupEventsCommandInput,
  type LookupEventsCommandOutput,
} from "@aws-sdk/client-cloudtrail";
import { GetEntitlementsCommand } from "@aws-sdk/client-marketplace-entitlement-service";
import { BatchMeterUsageCommand, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { meteringService, trailService } from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { CONTRACT, DEMO, officialClient, officialEntitlementClient, officialTrailClient } from "../support/server.ts";

const NOW = "2026-03-10T12:00:00Z";
const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
const OTHER = { id: "999900001111", key: { accessKeyId: "AKIAOTHERSELLER00001", secretAccessKey: "other-secret" } };
/** Nothing else is done by this account, so that all of its events are known. */
const PAGED = { id: "999900002222", key: { accessKeyId: "AKIAPAGEDSELLER00001", secretAccessKey: "paged-secret" } };
/** A seller with a product of its own: what is metered is kept whole, however large. */
const LARGE = {
  id: "999900004444",
  key: { accessKeyId: "AKIALARGESELLER00001", secretAccessKey: "large-secret" },
  productCode: "largelargelargelargelarge",
};

let server: DemoMarket;
let trail: CloudTrailClient;
/** Request ids of what was called, in its order. */
const called: Record<"metered" | "refused" | "elsewhere" | "resolved" | "shown" | "denied" | "foreign", string> = {
  metered: "",
  refused: "",
  elsewhere: "",
  resolved: "",
  shown: "",
  denied: "",
  foreign: "",
};

const usage = (over: object = {}): object => ({
  Timestamp: new Date(NOW),
  CustomerIdentifier: DEMO.customers[0],
  Dimension: "seats",
  Quantity: 1,
  ...over,
});
const batch = (over: object = {}): BatchMeterUsageCommand =>
  new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [usage(over) as never] });

async function idOf(call: Promise<{ $metadata: { requestId?: string | undefined } }>): Promise<string> {
  const { $metadata } = await call.catch((error: unknown) => error as { $metadata: { requestId?: string } });
  return $metadata.requestId ?? "";
}

beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  trail = officialTrailClient(server.endpoint);
  for (const { id, key } of [OTHER, PAGED])
    await add(server, "/accounts", { id, users: [{ name: "metering", ...key }] });
  const seller = officialClient(server.endpoint);
  called.metered = await idOf(seller.send(batch()));
  await moveClock(server, { advanceSeconds: 60 });
  called.refused = await idOf(seller.send(batch({ Dimension: "nothing" })));
  called.elsewhere = await idOf(officialClient(server.endpoint, DEMO, "eu-west-1").send(batch()));
  await moveClock(server, { advanceSeconds: 60 });
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  called.resolved = await idOf(seller.send(new ResolveCustomerCommand({ RegistrationToken })));
  called.shown = await idOf(
    officialEntitlementClient(server.endpoint).send(new GetEntitlementsCommand({ ProductCode: CONTRACT.productCode })),
  );
  called.denied = await idOf(officialClient(server.endpoint, READ_ONLY).send(batch()));
  called.foreign = await idOf(officialClient(server.endpoint, OTHER.key).send(batch()));
  await moveClock(server, { advanceSeconds: 60 });
});

afterAll(() => server.stop());

const look = (input: LookupEventsCommandInput = {}, through = trail): Promise<LookupEventsCommandOutput> =>
  through.send(new LookupEventsCommand(input));
const requestIdOf = ({ CloudTrailEvent = "" }: Event): string =>
  (JSON.parse(CloudTrailEvent) as { requestID: string }).requestID;
const by = (AttributeKey: LookupAttributeKey, AttributeValue: string): LookupEventsCommandInput => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});
const eventIdOf = (requestId: string): string => requestId.replace(/ff$/, "fe");

/** Which of the calls are found, oldest first; lookups are left out, since tests make more of them. */
async function found(input: LookupEventsCommandInput): Promise<string[]> {
  const names = Object.entries(called);
  const ids: string[] = [];
  for await (const { Events = [] } of paginateLookupEvents({ client: trail }, input)) {
    ids.push(...Events.filter(({ EventName }) => EventName !== "LookupEvents").map(requestIdOf));
  }
  return ids.toReversed().map((id) => names.find(([, of]) => of === id)?.[0] ?? id);
}

const OWN = ["metered", "refused", "elsewhere", "resolved", "shown", "denied"];

test("Rules V1, V7: an account finds all of its events, of every region, newest first, and none of another's", async () => {
  expect(await found({})).toEqual(OWN);
  expect(await found({ MaxResults: 2 })).toEqual(OWN);
  const { Events = [] } = await look({ ...by("EventId", eventIdOf(called.metered)) });
  expect(Events).toEqual([
    {
      EventId: eventIdOf(called.metered),
      EventName: "BatchMeterUsage",
      ReadOnly: "false",
      AccessKeyId: DEMO.accessKeyId,
      EventTime: new Date(NOW),
      EventSource: "metering-marketplace.amazonaws.com",
      Username: "metering",
      Resources: [{ ResourceType: "AWS::Marketplace::Product", ResourceName: DEMO.productCode }],
      CloudTrailEvent: expect.any(String) as string,
    },
  ]);
  expect(JSON.parse(Events[0]?.CloudTrailEvent ?? "")).toMatchObject({
    eventVersion: "1.05",
    userIdentity: { type: "IAMUser", userName: "metering", accountId: DEMO.seller },
    requestParameters: { productCode: DEMO.productCode, usageRecords: [{ timestamp: "Mar 10, 2026 12:00:00 PM" }] },
    responseElements: { results: [{ status: "Success" }] },
    recipientAccountId: DEMO.seller,
  });
});

describe("Rule V2: by", () => {
  const questions: readonly [LookupAttributeKey, () => string, string[]][] = [
    ["EventId", () => eventIdOf(called.shown), ["shown"]],
    ["EventId", () => called.shown, []],
    ["EventId", () => "made up", []],
    ["EventName", () => "BatchMeterUsage", ["metered", "refused", "elsewhere", "denied"]],
    ["EventName", () => "ResolveCustomer", ["resolved"]],
    ["EventName", () => "batchmeterusage", []],
    ["ReadOnly", () => "true", ["shown"]],
    ["ReadOnly", () => "false", ["metered", "refused", "elsewhere", "resolved", "denied"]],
    ["Username", () => "metering", ["metered", "refused", "elsewhere", "resolved", "shown"]],
    ["Username", () => "read-only", ["denied"]],
    ["Username", () => "nobody", []],
    ["ResourceType", () => "AWS::Marketplace::Product", OWN],
    ["ResourceType", () => "AWS::IAM::User", []],
    ["ResourceName", () => CONTRACT.productCode, ["shown"]],
    ["ResourceName", () => DEMO.productCode, ["metered", "refused", "elsewhere", "resolved", "denied"]],
    ["EventSource", () => "metering-marketplace.amazonaws.com", ["metered", "refused", "elsewhere", "resolved", "denied"]],
    ["EventSource", () => "entitlement-marketplace.amazonaws.com", ["shown"]],
    ["EventSource", () => "operator.countinghouse", []],
    ["EventSource", () => "s3.amazonaws.com", []],
    ["AccessKeyId", () => READ_ONLY.accessKeyId, ["denied"]],
    ["AccessKeyId", () => DEMO.accessKeyId, ["metered", "refused", "elsewhere", "resolved", "shown"]],
  ]; // prettier-ignore

  test.each(questions)("%s %s", async (key, value, expected) => {
    expect(await found(by(key, value()))).toEqual(expected);
    expect(await found({ ...by(key, value()), MaxResults: 1 }), "page by page").toEqual(expected);
  });
});

test("Rule V1: events of another account are not shown, whatever is asked for", async () => {
  const other = officialTrailClient(server.endpoint, OTHER.key);
  const theirs = await look({}, other);
  expect(theirs.Events?.filter(({ EventName }) => EventName !== "LookupEvents").map(requestIdOf)).toEqual([
    called.foreign,
  ]);
  for (const question of [
    by("EventId", eventIdOf(called.metered)),
    by("AccessKeyId", DEMO.accessKeyId),
    by("Username", "read-only"),
    by("ResourceName", CONTRACT.productCode),
  ]) {
    expect((await look(question, other)).Events, JSON.stringify(question)).toEqual([]);
  }
  // The one of theirs about our product is theirs alone, and so is the page token of their query.
  expect(await found(by("ResourceName", DEMO.productCode))).not.toContain(called.foreign);
  const { NextToken } = await look({ MaxResults: 1 });
  await expect(look({ NextToken }, other)).rejects.toMatchObject({ name: "InvalidNextTokenException" });
});

const minute = (minutes: number): Date => new Date(Date.parse(NOW) + minutes * 60_000);

test("Rule V3: both ends of the time are included", async () => {
  expect(await found({ StartTime: minute(1), EndTime: minute(1) })).toEqual(["refused", "elsewhere"]);
  expect(await found({ StartTime: minute(1) })).toEqual(OWN.slice(1));
  expect(await found({ EndTime: minute(1) })).toEqual(OWN.slice(0, 3));
  expect(await found({ StartTime: minute(1.1), EndTime: minute(1.9) })).toEqual([]);
  const timed = { ...by("EventId", eventIdOf(called.metered)), StartTime: minute(1) };
  expect(await found(timed)).toEqual([]);
  expect(await found({ ...timed, StartTime: minute(0) })).toEqual(["metered"]);
});

test("a refused call is found with its error, its rule, and what was asked", async () => {
  const { Events = [] } = await look(by("EventId", eventIdOf(called.refused)));
  expect(JSON.parse(Events[0]?.CloudTrailEvent ?? "")).toMatchObject({
    errorCode: "InvalidUsageDimensionException",
    errorMessage: expect.any(String) as string,
    requestParameters: { productCode: DEMO.productCode, usageRecords: [{ dimension: "nothing", quantity: 1 }] },
    responseElements: null,
    additionalEventData: { rule: "U1" },
  });
  const denied = await look(by("EventId", eventIdOf(called.denied)));
  expect(JSON.parse(denied.Events?.[0]?.CloudTrailEvent ?? "")).toMatchObject({
    errorCode: "AccessDeniedException",
    userIdentity: { userName: "read-only" },
    additionalEventData: { rule: "N3" },
  });
});

test("a lookup is an event too, which it does not show itself", async () => {
  const { $metadata, Events = [] } = await look(by("EventName", "LookupEvents"));
  const own = $metadata.requestId ?? "";
  expect(Events.map(requestIdOf)).not.toContain(own);
  const again = await look({ ...by("EventId", eventIdOf(own)) });
  expect(again.Events).toMatchObject([
    { EventName: "LookupEvents", ReadOnly: "true", EventSource: "cloudtrail.amazonaws.com", Resources: [] },
  ]);
  expect(JSON.parse(again.Events?.[0]?.CloudTrailEvent ?? "")).toMatchObject({
    requestParameters: { lookupAttributes: [{ attributeKey: "EventName", attributeValue: "LookupEvents" }] },
    responseElements: null,
    additionalEventData: { count: Events.length },
  });
});

test("Rules V4, V5: pages lead through 200 events, each once, while others come in", async () => {
  const client = officialClient(server.endpoint, PAGED.key);
  const through = officialTrailClient(server.endpoint, PAGED.key);
  const meter = (): Promise<string> => idOf(client.send(batch()));
  const made: string[] = [];
  for (let i = 0; i < 200; i += 1) made.push(await meter());
  const shown: string[] = [];
  let NextToken: string | undefined;
  const sizes: number[] = [];
  do {
    const page: LookupEventsCommandOutput = await look({ ...by("EventName", "BatchMeterUsage"), NextToken }, through);
    shown.push(...(page.Events ?? []).map(requestIdOf));
    sizes.push(page.Events?.length ?? 0);
    NextToken = page.NextToken;
    await meter();
  } while (NextToken !== undefined);
  expect(shown).toEqual(made.toReversed());
  expect(sizes).toEqual([50, 50, 50, 50]);
  const some = await look({ ...by("EventName", "BatchMeterUsage"), MaxResults: 7 }, through);
  expect(some.Events).toHaveLength(7);
  const more = await look({ ...by("EventName", "BatchMeterUsage"), MaxResults: 9, NextToken: some.NextToken }, through);
  expect(more.Events, "MaxResults may change").toHaveLength(9);
});

const PAGE_BYTES_MAX = 1_048_576;
const total = (page: readonly number[]): number => page.reduce((sum, bytes) => sum + bytes, 0);

test("a page of large events ends at a mebibyte, or after one larger event, and the next one goes on", async () => {
  const tag = { Key: "k", Value: "v".repeat(250) };
  const allocations = (count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({
      AllocatedUsageQuantity: 0,
      Tags: [tag, { Key: "n", Value: String(i) }],
    }));
  const { id, key, productCode } = LARGE;
  const dimensions = [{ name: "seats" }];
  await add(server, "/accounts", { id, users: [{ name: "metering", ...key }] });
  await add(server, "/products", { productCode, title: "L", seller: id, type: "saas", pricing: "usage", dimensions });
  const agreement = { agreementId: "agmt-large", productCode, customerAccountId: "444455556666" };
  await add(server, "/agreements", {
    ...agreement,
    customerIdentifier: DEMO.customers[0],
    startsAt: "2020-01-01T00:00:00Z",
  });
  const client = officialClient(server.endpoint, key);
  const made: string[] = [];
  // Small ones among large ones, so that a page is full in the middle of what is read at once.
  for (const count of [2_400, 0, 0, 0, 0, 900, 900, 900, 0, 0, 0, 0, 0, 0, 0, 0, 2_400, 2_400, 300, 300, 0, 900]) {
    const UsageAllocations = count === 0 ? undefined : allocations(count);
    const record = usage({ Quantity: 0, UsageAllocations });
    const input = { ProductCode: productCode, UsageRecords: [record as never] };
    made.push(await idOf(client.send(new BatchMeterUsageCommand(input))));
  }
  const other = officialTrailClient(server.endpoint, key);
  const shown: string[] = [];
  const pages: number[][] = [];
  for await (const { Events = [] } of paginateLookupEvents({ client: other }, by("EventName", "BatchMeterUsage"))) {
    pages.push(Events.map(({ CloudTrailEvent = "" }) => Buffer.byteLength(CloudTrailEvent)));
    shown.push(...Events.map(requestIdOf));
  }
  expect(shown.slice(0, made.length)).toEqual(made.toReversed());
  expect(new Set(shown).size).toBe(shown.length);
  expect(pages.length).toBeGreaterThan(3);
  for (const page of pages) if (page.length > 1) expect(total(page)).toBeLessThanOrEqual(PAGE_BYTES_MAX);
  for (const [i, page] of pages.entries()) {
    const next = pages[i + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    expect(total(page) + next, "no page ends before it must").toBeGreaterThan(PAGE_BYTES_MAX);
  }
});

test("Rule V6: of Insights events there are none", async () => {
  expect(await look({ EventCategory: "insight" })).toMatchObject({ Events: [] });
});

describe("what is refused", () => {
  const refusals: readonly [string, LookupEventsCommandInput, string][] = [
    ["Rule V2: two attributes", { LookupAttributes: [...(by("EventName", "a").LookupAttributes ?? []), ...(by("EventId", "b").LookupAttributes ?? [])] }, "InvalidLookupAttributesException"],
    ["Rule V2: an attribute that there is not", by("Region" as never, "a"), "InvalidLookupAttributesException"],
    ["Rule V2: an empty value", by("EventName", ""), "InvalidLookupAttributesException"],
    ["Rule V2: a value that is neither true nor false", by("ReadOnly", "yes"), "InvalidLookupAttributesException"],
    ["Rule V3: an end before the start", { StartTime: new Date(2_000), EndTime: new Date(1_000) }, "InvalidTimeRangeException"],
    ["Rule V4: a page of none", { MaxResults: 0 }, "InvalidMaxResultsException"],
    ["Rule V4: a page of 51", { MaxResults: 51 }, "InvalidMaxResultsException"],
    ["Rule V5: a token that was made up", { NextToken: "bWFkZSB1cA==" }, "InvalidNextTokenException"],
    ["Rule V6: another category", { EventCategory: "management" as never }, "InvalidEventCategoryException"],
  ]; // prettier-ignore

  test.each(refusals)("%s", async (_what, input, name) => {
    await expect(look(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400, attempts: 1 } });
  });

  test("Rule V5: a token of another query", async () => {
    const { NextToken } = await look({ ...by("EventName", "BatchMeterUsage"), MaxResults: 1 });
    for (const input of [{}, by("EventName", "ResolveCustomer"), { StartTime: new Date(NOW) }]) {
      await expect(look({ ...input, NextToken })).rejects.toMatchObject({ name: "InvalidNextTokenException" });
    }
  });

  test("Rule N3: a user whose policy does not allow it, and who is let in once it does", async () => {
    const reader = officialTrailClient(server.endpoint, READ_ONLY);
    await expect(look({}, reader)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: `User: arn:aws:iam::${DEMO.seller}:user/read-only is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action`,
    });
    const id = "999900003333";
    const key = { accessKeyId: "AKIAAUDITORONLY00001", secretAccessKey: "auditor-secret" };
    const policy = { Statement: [{ Effect: "Allow", Action: "cloudtrail:Lookup*", Resource: "*" }] };
    await add(server, "/accounts", { id, users: [{ name: "auditor", ...key, policy }] });
    const auditor = officialTrailClient(server.endpoint, key);
    await expect(look({}, auditor)).resolves.toMatchObject({ Events: [] });
    await expect(officialClient(server.endpoint, key).send(batch())).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });

  test("Rule N1: a signature for the marketplace, and a target of the metering service", async () => {
    const request = wireRequest(server.endpoint, "LookupEvents", {}, trailService);
    expect(jsonOf(await send(server.endpoint, signed(request)))).toMatchObject({
      __type: "InvalidSignatureException",
      message: "Credential should be scoped to correct service: 'cloudtrail'. ",
    });
    const signing = { service: trailService.signingName };
    expect(jsonOf(await send(server.endpoint, signed(request, signing)))).toHaveProperty("Events");
    const stray = wireRequest(server.endpoint, "LookupEvents", {}, meteringService);
    expect(jsonOf(await send(server.endpoint, signed(stray)))).toEqual({ __type: "UnknownOperationException" });
  });
});
