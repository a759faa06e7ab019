/** `countinghouse audit import`: what the rule sets make of a trail, of this server's and of AWS's own form. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  BatchMeterUsageCommand,
  ResolveCustomerCommand,
  type MarketplaceMeteringClient,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import {
  DEMO,
  officialClient,
  runCommand,
  startServer,
  temporaryFolder,
  type RunningServer,
} from "../support/server.ts";
import { commandsFor } from "./command.ts";

const NOW = "2026-07-20T12:00:00Z";
const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Report {
  readonly files: number;
  readonly records: number;
  readonly calls: Readonly<Record<string, number>>;
  readonly ruleSets: readonly {
    ruleSet: string;
    same: number;
    different: number;
    recordsLeft: number;
    notJudged: object;
  }[];
  readonly differences: readonly { requestId: string; operation: string; aws: { text: string }; answers: object }[];
  readonly differenceCount: number;
  readonly advice: readonly { id: string; evidence: readonly { requestId: string }[] }[];
  readonly unreadable: readonly { place: string; why: string }[];
}

async function imported(...files: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runCommand(["audit", "import", ...files, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Report;
}

async function refused(...files: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["audit", "import", ...files]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  return stderr;
}

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

describe("the trail of this server", () => {
  let server: RunningServer;
  let client: MarketplaceMeteringClient;
  let late: string;
  let unprocessed: string;
  const { ok } = commandsFor(() => server);
  const trail = join(folder.path, "trail");
  const lines = join(folder.path, "events.jsonl");

  type Sent = readonly [customer: string, dimension: string, quantity: number, at: string];
  const meter = async (...sent: Sent[]): Promise<string> => {
    const UsageRecords = sent.map(([CustomerIdentifier, Dimension, Quantity, at]) => ({ CustomerIdentifier, Dimension, Quantity, Timestamp: new Date(at) })); // prettier-ignore
    const answer = client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
    const { $metadata } = await answer.catch((error: unknown) => error as { $metadata: { requestId?: string } });
    return $metadata.requestId ?? "";
  };

  beforeAll(async () => {
    server = await startServer(["--store", "memory:", "--rules", "current", "--clock", `manual:${NOW}`]);
    client = officialClient(server.endpoint);
    await add(server, "/agreements", { agreementId: "agmt-ended", productCode: DEMO.productCode, customerAccountId: "777788889999", customerIdentifier: "leftLastYear", startsAt: "2024-01-01T00:00:00Z", endsAt: "2025-01-01T00:00:00Z" }); // prettier-ignore
    await meter(
      ["demoCustomer1", "queries", 3, NOW],
      ["demoCustomer2", "queries", 4, NOW],
      ["leftLastYear", "queries", 1, NOW],
    );
    await meter(["demoCustomer1", "queries", 3, NOW]);
    await meter(["demoCustomer1", "queries", 9, NOW], ["demoCustomer1", "seats", 1, NOW]);
    late = await meter(["demoCustomer1", "seats", 2, "2026-07-20T05:00:00Z"]);
    await meter(["demoCustomer1", "seats", 2, "2026-07-18T05:00:00Z"]);
    await meter(["demoCustomer1", "unheardOf", 2, NOW]);
    await meter(["nobody", "queries", 2, NOW]);
    await server.operator("POST", "/faults", {
      operation: "BatchMeterUsage",
      kind: "unprocessed",
      count: 1,
      records: 1,
    });
    unprocessed = await meter(["demoCustomer2", "gb_ingested", 5, NOW], ["demoCustomer2", "seats", 5, NOW]);
    await server.operator("POST", "/faults", { operation: "BatchMeterUsage", kind: "throttle", count: 1 });
    // The official client tries again.
    await meter(["demoCustomer2", "gb_ingested", 5, NOW]);
    // By these the trail tells whose account an identifier is.
    for (const agreement of ["agmt-demo1", "agmt-demo2"]) {
      const RegistrationToken = await registrationToken(server, agreement);
      await client.send(new ResolveCustomerCommand({ RegistrationToken }));
    }
    await moveClock(server, { now: "2026-07-20T18:00:00Z" });
    await meter(["demoCustomer2", "queries", 1, "2026-07-20T18:00:00Z"]);
    await ok("audit", "export", "--format", "cloudtrail", "--to", trail);
    await ok("audit", "export", "--to", lines);
  }, 60_000);
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  test("is answered alike by its own rules, and otherwise by the others where the windows differ", async () => {
    const report = await imported(trail);
    expect(report.calls).toEqual({ BatchMeterUsage: 11, ResolveCustomer: 2 });
    const notJudged = { "refused-by-what-the-trail-lacks": 3, "token-hidden": 2 };
    expect(report.ruleSets).toEqual([
      { ruleSet: "classic", same: 7, different: 1, recordsLeft: 2, notJudged },
      { ruleSet: "current", same: 8, different: 0, recordsLeft: 2, notJudged },
    ]);
    expect(report.differences).toMatchObject([
      {
        requestId: late,
        operation: "BatchMeterUsage",
        aws: { text: "1 Success" },
        answers: { classic: { text: "TimestampOutOfBoundsException", rule: "W1" }, current: { text: "1 Success" } },
      },
    ]);
    expect(report.differenceCount).toBe(1);
    expect(report.unreadable).toEqual([]);
  });

  test("brings the advice that the server itself gives", async () => {
    const { advice } = await imported(trail);
    const { items } = JSON.parse(await ok("advise", "--json")) as { items: Report["advice"] };
    expect(advice).toEqual(items);
    expect(advice).toMatchObject([{ id: "unprocessed-not-sent-again", evidence: [{ requestId: unprocessed }] }]);
  });

  test("says the same from lines, and counts an event once that two files hold", async () => {
    const { files: _, records: __, ...report } = await imported(trail);
    expect(await imported(lines)).toMatchObject(report);
    expect(await imported(trail, lines)).toMatchObject(report);
  });

  test("is told as text, with what was not compared and why", async () => {
    const { stdout } = await runCommand(["audit", "import", lines]);
    expect(stdout).toContain("Metering calls: 11 BatchMeterUsage, 2 ResolveCustomer. From 2026-07-20T12:00:00.000Z");
    expect(stdout).toContain(
      "3 BatchMeterUsage not compared: AWS refused by its catalogue, policies, platforms or quotas.",
    );
    expect(stdout).toContain("2 ResolveCustomer not compared: the registration token is hidden");
    expect(stdout).toMatch(/Answered otherwise:\n.*\n.*TimestampOutOfBoundsException \(W1\)/);
    expect(stdout).toContain("Unprocessed records are not sent again");
  });
});

/** An event of AWS, with what it needs of a test's. */
const event = (id: number, at: string, over: object): object => ({
  eventVersion: "1.08",
  userIdentity: { type: "AssumedRole", accountId: "111122223333" },
  eventTime: at,
  eventSource: "metering-marketplace.amazonaws.com",
  eventName: "BatchMeterUsage",
  awsRegion: "us-east-1",
  requestID: `aws-request-${id}`,
  eventID: `aws-event-${id}`,
  readOnly: false,
  eventType: "AwsApiCall",
  recipientAccountId: "111122223333",
  ...over,
});
const record = (quantity: number, timestamp = "Mar 14, 2026 7:00:00 PM"): object => ({
  timestamp,
  dimension: "gb",
  quantity,
  customerAWSAccountID: "444455556666",
  licenseArn: "arn:aws:license-manager::294406891311:license:l-1",
});
const batch = (status: string, usageRecord: object, meteringRecordId = "id-1"): object => ({
  requestParameters: { usageRecords: [usageRecord] },
  responseElements: { results: [{ usageRecord, meteringRecordId, status }], unprocessedRecords: [] },
});

describe("records as AWS writes them", () => {
  test("are read with their spellings; replays, duplicates and lateness are as AWS has answered", async () => {
    const later = "2026-03-14T20:10:00Z";
    const Records = [
      event(4, "2026-03-15T03:00:00Z", batch("Success", record(1, "Mar 14, 2026 8:00:00 PM"), "id-2")),
      event(1, "2026-03-14T20:08:11Z", batch("Success", record(5))),
      event(2, later, batch("Success", record(5))),
      event(3, later, batch("DuplicateRecord", record(6))),
      // What stands was sent before this trail begins.
      event(5, later, batch("DuplicateRecord", record(6, "Mar 14, 2026 4:00:00 PM"))),
      event(6, later, { errorCode: "AccessDenied", requestParameters: null, responseElements: null }),
      event(7, later, { ...batch("Success", record(5)), requestParameters: { omitted: true, reason: "too large" } }),
      event(8, later, { ...batch("Success", { ...record(5), dimension: "HIDDEN_DUE_TO_SECURITY_REASONS" }), requestParameters: { usageRecords: [{ ...record(5), dimension: "HIDDEN_DUE_TO_SECURITY_REASONS" }] } }), // prettier-ignore
      event(9, later, { eventName: "ResolveCustomer", requestParameters: { registrationToken: "HIDDEN_DUE_TO_SECURITY_REASONS" }, responseElements: { customerAWSAccountId: "444455556666", productCode: "p1" } }), // prettier-ignore
      event(10, later, { eventName: "MeterUsage", requestParameters: { productCode: "p2", timestamp: "Mar 14, 2026 1:00:00 PM", usageDimension: "x", usageQuantity: 1 }, responseElements: { meteringRecordId: "id-3" } }), // prettier-ignore
      event(11, later, { eventSource: "s3.amazonaws.com", eventName: "PutObject" }),
      event(12, "yesterday", {}),
      event(13, later, { ...batch("Success", { ...record(5), dimension: "x".repeat(1_100_000) }) }),
    ];
    const file = written("delivered.json.gz", gzipSync(JSON.stringify({ Records })));
    const report = await imported(file);
    expect(report.records).toBe(13);
    expect(report.calls).toEqual({ BatchMeterUsage: 8, ResolveCustomer: 1, MeterUsage: 1 });
    const notJudged = { "request-missing": 2, "value-hidden": 1, "no-record-to-compare": 1, "token-hidden": 1 };
    expect(report.ruleSets).toEqual([
      { ruleSet: "classic", same: 3, different: 2, recordsLeft: 0, notJudged },
      { ruleSet: "current", same: 4, different: 1, recordsLeft: 0, notJudged },
    ]);
    const [own, late] = report.differences;
    // MeterUsage has six hours under both rule sets.
    expect(own).toMatchObject({
      requestId: "aws-request-10",
      answers: { classic: { rule: "W1" }, current: { rule: "W1" } },
    });
    expect(late).toMatchObject({ requestId: "aws-request-4", answers: { classic: { rule: "W1" }, current: { text: "1 Success" } } }); // prettier-ignore
    expect(report.unreadable).toEqual([
      { place: `${file}, record 12`, why: 'its eventTime is "yesterday"' },
      { place: `${file}, record 13`, why: "it has more than 1048576 characters" },
    ]);
  });

  test("may come from lookup-events", async () => {
    const one = event(1, "2026-03-14T20:08:11Z", batch("Success", record(5)));
    const file = written("looked-up.json", JSON.stringify({ Events: [{ CloudTrailEvent: JSON.stringify(one) }] }));
    expect(await imported(file)).toMatchObject({ calls: { BatchMeterUsage: 1 }, differenceCount: 0 });
  });
});

describe("what is no trail is refused, and named:", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["cut.json.gz", gzipSync(JSON.stringify({ Records: [] })).subarray(0, 20), "is cut off: its end is missing"],
    ["damaged.json.gz", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7]), "is damaged"],
    ["other.json", '{"name":"countinghouse"}', "has neither Records nor Events"],
    ["list.json", "[1,2]", "has neither Records nor Events"],
    ["cut.json", '{"Records":[{"eventName":', "is no JSON, or is cut off"],
    ["text.jsonl", "one\ntwo\n", "is no JSON, or is cut off (line 1)"],
    ["large.json.gz", gzipSync(Buffer.alloc(128 * 1_048_576 + 1, 32)), "has more than 128 MiB"],
  ])("%s", async (name, content, why) => {
    const path = written(name, content);
    const complaint = await refused(path);
    expect(complaint).toContain(`${path} `);
    expect(complaint).toContain(why);
  });

  test("a place where nothing is", async () => {
    expect(await refused("/nowhere")).toContain("/nowhere cannot be read (ENOENT)");
    const empty = join(folder.path, "empty");
    mkdirSync(empty);
    expect(await refused(empty)).toContain("There is no file of CloudTrail");
    const { stdout } = await runCommand(["audit", "import", written("nothing.json", '{"Records":[]}')]);
    expect(stdout).toContain("Metering calls: none.");
    expect(readFileSync(join(folder.path, "nothing.json"), "utf8")).toBe('{"Records":[]}');
  });
});
