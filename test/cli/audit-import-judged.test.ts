/** `audit import`: what is held against the rule sets, call by call, in trails as AWS writes them; and why the rest is not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  MarketplaceMeteringClient,
  MeterUsageCommand,
  RegisterUsageCommand,
} from "@aws-sdk/client-marketplace-metering";
import { startMarket } from "countinghouse/testkit";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { runCommand, temporaryFolder } from "../support/server.ts";

const SELLER = "111122223333";
const BUYER = "444455556666";
const AT = "2026-03-14T20:10:00Z";
const USED = "Mar 14, 2026 7:00:00 PM";
const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Judged {
  /** Of each rule set. */
  readonly same: readonly number[];
  readonly differences: readonly (readonly [request: string, aws: string, classic?: string, current?: string])[];
  readonly notCompared: readonly (readonly [request: string, why: string])[];
}

interface Report {
  readonly ruleSets: readonly { readonly same: number }[];
  readonly differences: readonly {
    readonly requestId: string;
    readonly aws: { readonly text: string };
    readonly answers: Readonly<Record<string, { readonly text: string; readonly rule?: string }>>;
  }[];
  readonly notCompared: readonly { readonly why: string; readonly calls: readonly { readonly requestId: string }[] }[];
  readonly advice: readonly { readonly id: string }[];
  readonly records: number;
  readonly unreadableCount: number;
}

const said = (answer?: { readonly text: string; readonly rule?: string }): string =>
  [answer?.text, answer?.rule].filter((part) => part !== undefined).join(" ");

let files = 0;
async function reportOn(content: string | Uint8Array): Promise<Report> {
  files += 1;
  const file = join(folder.path, `trail-${files}.json`);
  writeFileSync(file, content);
  const { code, stdout, stderr } = await runCommand(["audit", "import", file, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Report;
}

async function judged(...Records: object[]): Promise<Judged> {
  const { ruleSets, differences, notCompared } = await reportOn(JSON.stringify({ Records }));
  return {
    same: ruleSets.map(({ same }) => same),
    differences: differences.map(({ requestId, aws, answers: { classic, current } }) => [requestId, aws.text, said(classic), said(current)]), // prettier-ignore
    notCompared: notCompared.flatMap(({ why, calls }) => calls.map(({ requestId }) => [requestId, why] as const)),
  };
}

let ids = 0;
/** An event of AWS, with what a test needs of it. */
function event(requestID: string, over: object): object {
  ids += 1;
  return {
    eventVersion: "1.08",
    userIdentity: { type: "AssumedRole", accountId: SELLER },
    eventTime: AT,
    eventSource: "metering-marketplace.amazonaws.com",
    eventName: "BatchMeterUsage",
    awsRegion: "us-east-1",
    requestID,
    eventID: `event-${ids}`,
    recipientAccountId: SELLER,
    ...over,
  };
}

const record = (over: object = {}): object => ({
  timestamp: USED,
  dimension: "gb",
  quantity: 5,
  customerIdentifier: "one",
  ...over,
});
const batch = (...results: (readonly [usageRecord: object, status: string])[]): object => ({
  requestParameters: { productCode: "p1", usageRecords: results.map(([usageRecord]) => usageRecord) },
  responseElements: {
    results: results.map(([usageRecord, status], i) => ({ usageRecord, status, meteringRecordId: `id-${i}` })),
    unprocessedRecords: [],
  },
});
const refused = (errorCode: string, usageRecord = record()): object => ({
  requestParameters: { productCode: "p1", usageRecords: [usageRecord] },
  responseElements: null,
  errorCode,
});

/** The same call, refused. */
const inVain = (errorCode: string, of: object): object => ({ ...of, errorCode, responseElements: null });

/** Usage under a licence, of which calls name no product. */
const licensed = (licence: string, dimension: string, customerAWSAccountID = BUYER): object =>
  record({
    customerIdentifier: undefined,
    customerAWSAccountID,
    dimension,
    licenseArn: `arn:aws:license-manager::294406891311:license:l-${licence}`,
  });
const ofLicences = (...usageRecords: object[]): object => ({
  ...batch(...usageRecords.map((one) => [one, "Success"] as const)),
  requestParameters: { usageRecords },
});

describe("BatchMeterUsage", () => {
  test("is of the seller whom AWS lets meter the product, whoever else has tried", async () => {
    const stranger = { recipientAccountId: "999900001111", eventTime: "2026-03-14T20:11:00Z" };
    const report = await judged(
      event("taken", batch([record(), "Success"])),
      event("of another account", { ...refused("InvalidProductCodeException"), ...stranger }),
    );
    expect(report.differences).toEqual([]);
    expect(report.same).toEqual([2, 2]);
  });

  test("may name a licence that another call names with another customer, and in vain", async () => {
    const wrong = ofLicences(licensed("1", "gb", "777788889999"));
    const report = await judged(
      event("taken", ofLicences(licensed("1", "gb"))),
      event("in vain", inVain("InvalidLicenseException", wrong)),
    );
    expect(report).toMatchObject({ differences: [], same: [2, 2] });
  });

  test("may name licences of which only some are known to be of a product", async () => {
    const customer = { customerAWSAccountId: BUYER, productCode: "p1", licenseArn: "arn:aws:license-manager::294406891311:license:l-1" }; // prettier-ignore
    const report = await judged(
      event("resolved", { eventName: "ResolveCustomer", requestParameters: {}, responseElements: customer }),
      event("both", ofLicences(licensed("1", "gb"), licensed("2", "gb"))),
      event("the second", ofLicences(licensed("2", "calls"))),
    );
    expect(report).toMatchObject({ differences: [], same: [2, 2] });
  });

  test("is answered in any order", async () => {
    const first = batch([record(), "Success"]);
    const [again, other] = [record({ quantity: 6 }), record({ customerIdentifier: "two" })];
    const second = batch([other, "Success"], [again, "DuplicateRecord"]) as { requestParameters: object };
    const report = await judged(
      event("first", first),
      event("second", { ...second, requestParameters: { productCode: "p1", usageRecords: [again, other] } }),
    );
    expect(report).toMatchObject({ differences: [], same: [2, 2] });
  });

  test("that no service could read is compared, unless AWS has not looked at it", async () => {
    const wrong = record({ quantity: -1 });
    const report = await judged(
      event("denied", refused("AccessDenied", wrong)),
      event("throttled", refused("ThrottlingException", wrong)),
      event("read", refused("ValidationException", wrong)),
      event("taken", batch([wrong, "Success"])),
    );
    expect(report.same).toEqual([1, 1]);
    expect(report.differences).toEqual([["taken", "taken", "ValidationException L5", "ValidationException L5"]]);
    expect(report.notCompared.map(([request]) => request)).toEqual(["denied", "throttled"]);
  });
});

const instance = (accessKeyId = "ASIA1", session = "i-0abc1234def567890"): object => ({
  userIdentity: {
    type: "AssumedRole",
    accountId: BUYER,
    arn: `arn:aws:sts::${BUYER}:assumed-role/app/${session}`,
    accessKeyId,
  },
  recipientAccountId: BUYER,
});
const meter = (over: object = {}, caller = instance()): object => ({
  ...caller,
  eventName: "MeterUsage",
  requestParameters: { productCode: "p2", timestamp: USED, usageDimension: "gb", usageQuantity: 3, ...over },
  responseElements: { meteringRecordId: "id-1" },
});

const pod = (key: string): object => instance(key, "botocore-session-1773518400");
const allocated = (...quantities: number[]): object => ({
  usageAllocations: quantities.map((allocatedUsageQuantity, i) => ({ allocatedUsageQuantity, tags: [{ key: "team", value: `${i}` }] })), // prettier-ignore
});

describe("MeterUsage", () => {
  test("is held against what the same instance has metered before, whatever its key is now", async () => {
    const report = await judged(
      event("first", meter()),
      event("again", meter({}, instance("ASIA2"))),
      event("more", inVain("DuplicateRequestException", meter({ usageQuantity: 4 }, instance("ASIA2")))),
      event("more, and taken", meter({ usageQuantity: 4 })),
      event("of another instance", meter({ usageQuantity: 4 }, instance("ASIA3", "i-0fff"))),
      event("of another dimension", meter({ usageDimension: "calls", usageQuantity: 4 })),
    );
    const duplicate = "DuplicateRequestException M5";
    expect(report.differences).toEqual([["more, and taken", "taken", duplicate, duplicate]]);
    expect(report.same).toEqual([5, 5]);
  });

  test("of tasks and pods, which may have any name, is held against what the same key has metered", async () => {
    const report = await judged(
      event("first", meter({}, pod("ASIA1"))),
      event("another pod of the same name", meter({ usageQuantity: 9 }, pod("ASIA2"))),
      event("known from elsewhere", inVain("DuplicateRequestException", meter({ usageQuantity: 2 }, pod("ASIA3")))),
    );
    expect(report).toMatchObject({ differences: [], same: [2, 2] });
    expect(report.notCompared).toEqual([
      [
        "known from elsewhere",
        "what AWS holds it against was metered before the trail begins, or by other credentials",
      ],
    ]);
  });

  test("is compared by its allocations, its client token, its window and its dry run", async () => {
    const report = await judged(
      event("split", meter(allocated(1, 2))),
      event("split wrongly", inVain("InvalidUsageAllocationsException", meter({ usageDimension: "a", ...allocated(1, 1) }))), // prettier-ignore
      event("split wrongly, and taken", meter({ usageDimension: "b", ...allocated(1, 1) })),
      event("with a token", meter({ usageDimension: "c", clientToken: "t" })),
      event("with its token", inVain("IdempotencyConflictException", meter({ usageDimension: "d", clientToken: "t" }))),
      event("dry", meter({ usageDimension: "e", dryRun: true })),
      event("wet", meter({ usageDimension: "e", usageQuantity: 1 })),
      event("late", inVain("TimestampOutOfBoundsException", meter({ timestamp: "Mar 14, 2026 1:00:00 PM" }))),
      event("unentitled", inVain("CustomerNotEntitledException", meter({ usageDimension: "f" }))),
    );
    const wrong = "InvalidUsageAllocationsException A1";
    expect(report.differences).toEqual([["split wrongly, and taken", "taken", wrong, wrong]]);
    expect(report.same).toEqual([7, 7]);
    expect(report.notCompared.map(([request]) => request)).toEqual(["unentitled"]);
  });

  test("by a key that lasts is no resource's", async () => {
    const user = {
      userIdentity: { type: "IAMUser", accountId: BUYER, accessKeyId: "AKIA1" },
      recipientAccountId: BUYER,
    };
    const report = await judged(
      event("refused", inVain("CustomerNotEntitledException", meter({}, user))),
      event("taken", meter({}, user)),
    );
    const refusal = "CustomerNotEntitledException X1";
    expect(report).toMatchObject({ same: [1, 1], differences: [["taken", "taken", refusal, refusal]] });
  });
});

const register = (over: object = {}, caller = instance("ASIA1", "task")): object => ({
  ...caller,
  eventName: "RegisterUsage",
  requestParameters: { productCode: "p3", publicKeyVersion: 1, ...over },
  responseElements: { signature: "eyJ" },
});

describe("RegisterUsage", () => {
  test("is compared once its caller has registered, and where no service could read it", async () => {
    const user = {
      userIdentity: { type: "IAMUser", accountId: BUYER, accessKeyId: "AKIA1" },
      recipientAccountId: BUYER,
    };
    const report = await judged(
      event("first", register()),
      event("again", register()),
      event("again, and unsubscribed", inVain("CustomerNotEntitledException", register())),
      event("first of another", inVain("CustomerNotEntitledException", register({}, instance("ASIA2", "task")))),
      event("no version", inVain("ValidationException", register({ publicKeyVersion: 0 }))),
      event("from a laptop", inVain("PlatformNotSupportedException", register({}, user))),
    );
    expect(report.same).toEqual([3, 3]);
    expect(report.differences).toEqual([["again, and unsubscribed", "CustomerNotEntitledException", "taken Y5", "taken Y5"]]); // prettier-ignore
    expect(report.notCompared).toEqual([
      ["first", expect.stringMatching(/^whether a task or pod that registers for the first time may have the product/)],
      ["first of another", "AWS refused by its catalogue, policies, platforms or quotas"],
    ]);
  });
});

test("what this server itself has answered to tasks and to others is as its own rules have it", async () => {
  const market = await startMarket({
    now: AT,
    unexpectedCalls: "ignore",
    catalogue: { accounts: [{ id: BUYER, roles: [{ name: "app" }] }] },
  });
  onTestFinished(() => market[Symbol.asyncDispose]());
  const metered = market.product({ type: "container", dimensions: { gb: null, calls: null } });
  const hourly = market.product({ type: "container", pricing: "hourly", dimensions: { hours: null } });
  const { accountId } = market.customer(metered, { accountId: BUYER });
  market.customer(hourly, { accountId });
  const keyOfTask = async (task: string): Promise<Credentials> => {
    const externalId = `arn:aws:ecs:us-east-1:${accountId}:task/cluster/${task.padStart(32, "0")}`;
    const { credentials } = await market.operator.call("POST /resources", { body: { platform: "ecs", externalId, accountId, region: "us-east-1", roleName: "app" } }); // prettier-ignore
    const authorization = credentials["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "";
    const answer = await fetch(credentials["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "", { headers: { authorization } });
    const { AccessKeyId, SecretAccessKey, Token } = (await answer.json()) as Readonly<Record<string, string>>;
    return { accessKeyId: AccessKeyId ?? "", secretAccessKey: SecretAccessKey ?? "", sessionToken: Token ?? "" };
  };
  const call = async (credentials: Credentials, command: MeterUsageCommand | RegisterUsageCommand): Promise<string> => {
    const client = new MarketplaceMeteringClient({ ...market.sdkConfig(), credentials, maxAttempts: 1 });
    const answer = (client.send(command as MeterUsageCommand) as Promise<unknown>).then(() => "taken", (error: unknown) => (error as Error).name); // prettier-ignore
    return answer.finally(() => client.destroy());
  };
  const use = (more: object = {}) => new MeterUsageCommand({ ProductCode: metered.productCode, Timestamp: new Date("2026-03-14T19:00:00Z"), UsageDimension: "gb", UsageQuantity: 3, ...more }); // prettier-ignore
  const registration = () => new RegisterUsageCommand({ ProductCode: hourly.productCode, PublicKeyVersion: 1 });
  const [one, two, lasting] = [await keyOfTask("1"), await keyOfTask("2"), market.credentials()];
  const earlier = { Timestamp: new Date("2026-03-14T18:00:00Z"), ClientToken: "t" };
  const answers = [
    await call(one, use()),
    await call(one, use()),
    await call(one, use({ UsageQuantity: 4 })),
    await call(two, use({ UsageQuantity: 5 })),
    await call(one, use({ UsageDimension: "calls", DryRun: true })),
    await call(one, use({ UsageDimension: "calls", UsageQuantity: 9 })),
    await call(one, use({ Timestamp: new Date("2026-03-14T09:00:00Z") })),
    await call(one, use(earlier)),
    await call(one, use({ ...earlier, UsageDimension: "calls" })),
    await call(one, use({ UsageAllocations: [{ AllocatedUsageQuantity: 1 }] })),
    await call(lasting, use()),
    await call(one, registration()),
    await call(one, registration()),
    await call(lasting, registration()),
  ];
  expect(answers.filter((answer) => answer === "taken")).toHaveLength(8);
  const events: object[] = [];
  for await (const kept of market.operator.items("GET /audit-events", { query: { order: "oldest" } }))
    events.push(kept);
  const report = await judged(...events);
  // All but the first registration.
  expect(report).toMatchObject({ differences: [], same: [13, 13] });
  expect(report.notCompared).toHaveLength(1);
});

test("each call that is not compared is named, with its reason", async () => {
  const report = await judged(
    event("resolved", { eventName: "ResolveCustomer", requestParameters: { registrationToken: "HIDDEN_DUE_TO_SECURITY_REASONS" }, responseElements: null }), // prettier-ignore
    event("omitted", { requestParameters: { omitted: true } }),
  );
  expect(report).toMatchObject({ same: [0, 0], differences: [] });
  expect(report.notCompared).toEqual([
    ["resolved", "the registration token is hidden, and all that the answer follows from is in it"],
    ["omitted", "the request is not in the trail"],
  ]);
});

const lines = (...values: object[]): string => values.map((value) => JSON.stringify(value)).join("\n");

describe("events are found in", () => {
  const [one, two] = [event("one", batch([record(), "Success"])), event("two", batch([record(), "Success"]))];
  test.each<[string, string | Uint8Array]>([
    ["a list of them", JSON.stringify([one, two])],
    ["files that were put one after the other, a line each", lines({ Records: [one] }, { Records: [two] })],
    ["gzip files that were put one after the other", Buffer.concat([one, two].map((each) => gzipSync(`${JSON.stringify({ Records: [each] })}\n`)))], // prettier-ignore
    ["a file that begins with a byte order mark", `\uFEFF${JSON.stringify({ Records: [one, two] })}`],
  ])("%s", async (_what, content) => {
    expect(await reportOn(content)).toMatchObject({
      records: 2,
      unreadableCount: 0,
      ruleSets: [{ same: 2 }, { same: 2 }],
    });
  });
});

test("records of nothing, of other services and without what every event has are passed over, and told", async () => {
  const odd = [null, 5, "text", [], {}, { eventName: "MeterUsage" }, { ...event("x", {}), eventTime: `${"x".repeat(5_000)}\u001b[2J` }]; // prettier-ignore
  const others = [event("s3", { eventSource: "s3.amazonaws.com" }), event("other", { eventName: "Unheard" })];
  const file = join(folder.path, "odd.json");
  writeFileSync(file, JSON.stringify({ Records: [...odd, ...others] }));
  const { stdout } = await runCommand(["audit", "import", file]);
  expect(stdout).toContain("9 events in 1 files. Metering calls: none.");
  expect(stdout).toContain("7 records could not be read:");
  expect(stdout).not.toContain("\u001b");
  expect(stdout.length).toBeLessThan(2_000);
});

test("an unprocessed record that came again, and was refused then, is no advice", async () => {
  const back = { ...batch(), requestParameters: { productCode: "p1", usageRecords: [record()] }, responseElements: { results: [], unprocessedRecords: [record()] } }; // prettier-ignore
  const later = event("later", { ...batch([record({ customerIdentifier: "two" }), "Success"]), eventTime: "2026-03-14T22:00:00Z" }); // prettier-ignore
  const given = await reportOn(JSON.stringify({ Records: [event("back", back), later] }));
  expect(given.advice.map(({ id }) => id)).toEqual(["unprocessed-not-sent-again"]);
  const again = event("again", { ...refused("ThrottlingException"), eventTime: "2026-03-14T21:00:00Z" });
  expect((await reportOn(JSON.stringify({ Records: [event("back", back), again, later] }))).advice).toEqual([]);
});
