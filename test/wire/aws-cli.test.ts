/** The AWS CLI and boto3, as they come: only the environment says where the service is, and whose key signs. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, type TestContext } from "vitest";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { CONTRACT, DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const run = promisify(execFile);

let server: WireServer;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await demoServer();
  env = {
    ...process.env,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
    AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE: server.endpoint,
    AWS_ENDPOINT_URL_CLOUDTRAIL: server.endpoint,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
    // Whoever runs this may have a profile, a session and a region of their own.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
    AWS_PAGER: "",
  };
});

afterAll(() => server.stop());

/** Skips, and says why, where the program is not installed, or is from before the environment said where a service is. */
function need(context: TestContext, program: "aws" | "python3"): void {
  const args = program === "aws" ? ["--version"] : ["-c", "import boto3; print(boto3.__version__)"];
  const { status, stdout, error } = spawnSync(program, args, { encoding: "utf8" });
  const recent = program === "aws" ? /^aws-cli\/(1\.(29|[3-9]\d)|2\.(1[3-9]|[2-9]\d))\./ : /^1\.(2[89]|[3-9]\d)\./;
  if (status === 0 && recent.test(stdout)) return;
  const reason = `${program} ${args.join(" ")}: ${error?.message ?? `exit code ${status}, ${stdout.trim()}`}`;
  process.stdout.write(`skipped: ${context.task.name} (${reason})\n`);
  context.skip(reason);
}

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run("aws", ["meteringmarketplace", ...args, "--output", "json"], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("S4, S5, B1: the AWS CLI meters, replays and resolves, and tells a refusal by its name", async (context) => {
  need(context, "aws");
  const meter = (quantity: number): Promise<Record<string, unknown>> =>
    aws(
      "batch-meter-usage",
      "--product-code",
      DEMO.productCode,
      "--usage-records",
      `Timestamp=${timestamp},CustomerIdentifier=demoCustomer1,Dimension=gb_ingested,Quantity=${quantity}`,
    );
  const timestamp = Math.floor(Date.now() / 1000);
  const first = await meter(3);
  expect(first).toMatchObject({ Results: [{ Status: "Success" }], UnprocessedRecords: [] });
  expect(await meter(3), "the same again").toEqual(first);
  const [kept] = await meteringRecords(server, { dimension: "gb_ingested" });
  expect(first).toMatchObject({ Results: [{ MeteringRecordId: kept?.meteringRecordId }] });
  expect(await meter(4)).toMatchObject({
    Results: [{ Status: "DuplicateRecord", MeteringRecordId: kept?.meteringRecordId }],
  });

  const token = await registrationToken(server, "agmt-demo1");
  expect(await aws("resolve-customer", "--registration-token", token)).toEqual({
    CustomerIdentifier: "demoCustomer1",
    CustomerAWSAccountId: "444455556666",
    ProductCode: DEMO.productCode,
    LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001",
  });
  await expect(aws("resolve-customer", "--registration-token", "made-up")).rejects.toMatchObject({
    stderr: expect.stringMatching(
      /\(InvalidTokenException\) when calling the ResolveCustomer operation: Registration token is invalid: /,
    ),
  });
});

async function getEntitlements(...args: string[]): Promise<Record<string, unknown>> {
  const command = ["marketplace-entitlement", "get-entitlements", "--product-code", CONTRACT.productCode, ...args];
  const { stdout } = await run("aws", [...command, "--output", "json"], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("Rules E3, E5: the AWS CLI gets entitlements, by filter and page by page", async (context) => {
  need(context, "aws");
  const filter = `CUSTOMER_AWS_ACCOUNT_ID=${CONTRACT.licensed.CustomerAWSAccountId}`;
  const customer = { ProductCode: CONTRACT.productCode, ...CONTRACT.licensed };
  expect(await getEntitlements("--filter", `${filter},DIMENSION=edition,users`)).toEqual({
    Entitlements: [
      { ...customer, Dimension: "edition", Value: { StringValue: "basic" } },
      // Versions of the CLI print times in their own ways.
      { ...customer, Dimension: "users", Value: { IntegerValue: 3 }, ExpirationDate: expect.anything() as unknown },
    ],
  });
  // The CLI follows the pages by itself, of whatever size.
  expect((await getEntitlements("--page-size", "1"))["Entitlements"]).toHaveLength(6);
  const first = await getEntitlements("--max-results", "4", "--no-paginate");
  expect(first["Entitlements"]).toHaveLength(4);
  const rest = await getEntitlements("--next-token", String(first["NextToken"]), "--no-paginate");
  expect(rest["Entitlements"]).toHaveLength(2);
  await expect(
    getEntitlements("--filter", filter, "--next-token", String(first["NextToken"]), "--no-paginate"),
  ).rejects.toMatchObject({
    stderr: expect.stringMatching(/\(InvalidParameterException\) when calling the GetEntitlements operation: /),
  });
});

const lookUp = async (...args: string[]): Promise<Record<string, unknown>[]> => {
  const { stdout } = await run("aws", ["cloudtrail", "lookup-events", ...args, "--output", "json"], { env });
  return (JSON.parse(stdout) as { Events: Record<string, unknown>[] }).Events;
};

const byName = (name: string): string[] => ["--lookup-attributes", `AttributeKey=EventName,AttributeValue=${name}`];

test("S7, Rules V1, V2: the AWS CLI looks events up by name, page by page, and tells a refusal by its name", async (context) => {
  need(context, "aws");
  await aws("batch-meter-usage", "--product-code", DEMO.productCode, "--usage-records", "[]");
  await aws("batch-meter-usage", "--product-code", DEMO.productCode, "--usage-records", "[]");
  const found = await lookUp(...byName("BatchMeterUsage"));
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found[0]).toMatchObject({
    EventName: "BatchMeterUsage",
    Username: "metering",
    AccessKeyId: DEMO.accessKeyId,
    ReadOnly: "false",
    EventSource: "metering-marketplace.amazonaws.com",
  });
  expect(JSON.parse(String(found[0]?.["CloudTrailEvent"]))).toMatchObject({
    userAgent: expect.stringContaining("aws-cli") as string,
    requestParameters: { usageRecords: [], productCode: DEMO.productCode },
  });
  // The CLI follows the pages by itself, of whatever size.
  expect(await lookUp(...byName("BatchMeterUsage"), "--page-size", "1")).toEqual(found);
  await expect(lookUp("--start-time", "2026-01-02", "--end-time", "2026-01-01")).rejects.toMatchObject({
    stderr: expect.stringMatching(/\(InvalidTimeRangeException\) when calling the LookupEvents operation: /),
  });
});

const BOTO3 = `
import datetime, json, sys, boto3
client = boto3.client("meteringmarketplace")
product, token = sys.argv[1:]
record = {
    "Timestamp": datetime.datetime.now(datetime.timezone.utc), "CustomerIdentifier": "demoCustomer2",
    "Dimension": "queries", "Quantity": 5,
    "UsageAllocations": [
        {"AllocatedUsageQuantity": 2, "Tags": [{"Key": "team", "Value": "research"}]},
        {"AllocatedUsageQuantity": 3},
    ],
}
def meter(**changes):
    result, = client.batch_meter_usage(ProductCode=product, UsageRecords=[{**record, **changes}])["Results"]
    return [result["Status"], result["MeteringRecordId"]]
def refusal(call):
    try:
        call()
    except client.exceptions.InvalidUsageDimensionException as error:
        return [type(error).__name__, error.response["Error"]["Code"]]
print(json.dumps({
    "first": meter(), "again": meter(), "otherwise": meter(Quantity=6, UsageAllocations=[{"AllocatedUsageQuantity": 6}]),
    "customer": client.resolve_customer(RegistrationToken=token)["CustomerIdentifier"],
    "refusal": refusal(lambda: meter(Dimension="made-up")),
}))
`;

test("S4, S5, B1, B5: boto3 meters with allocations, replays, resolves, and raises a refusal by its class", async (context) => {
  need(context, "python3");
  const token = await registrationToken(server, "agmt-demo2");
  const { stdout } = await run("python3", ["-c", BOTO3, DEMO.productCode, token], { env });
  const [kept] = await meteringRecords(server, { dimension: "queries" });
  const id = kept?.meteringRecordId;
  expect(JSON.parse(stdout)).toEqual({
    first: ["Success", id],
    again: ["Success", id],
    otherwise: ["DuplicateRecord", id],
    customer: "demoCustomer2",
    refusal: ["InvalidUsageDimensionException", "InvalidUsageDimensionException"],
  });
  expect(kept).toMatchObject({ quantity: 5, usageAllocations: [{ allocatedUsageQuantity: 2 }, {}] });
});
