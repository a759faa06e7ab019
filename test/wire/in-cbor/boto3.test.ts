/**
 * boto3 made to speak Smithy RPC v2 CBOR, by a model that lists nothing else: botocore's own serialiser and parser, the whole
 * main job, entitlements and events.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { meteringRecords, registrationToken } from "../../support/operator-api.ts";
import { CONTRACT, DEMO } from "../../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../../support/wire-endpoint.ts";

const test = testNeeding("operator API");

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

const PROGRAM = `
import datetime, json, sys, boto3, botocore.loaders
endpoint, product, contract, token = sys.argv[1:]
load = botocore.loaders.Loader.load_service_model
def in_cbor(loader, *args, **kwargs):
    model = load(loader, *args, **kwargs)
    if "metadata" in model:
        model["metadata"].update(protocol="smithy-rpc-v2-cbor", protocols=["smithy-rpc-v2-cbor"])
    return model
botocore.loaders.Loader.load_service_model = in_cbor
paths = set()
def client_of(service):
    client = boto3.client(service, endpoint_url=endpoint)
    client.meta.events.register("before-send", lambda request, **_: paths.add(request.url[len(endpoint):]) and None)
    return client
metering, entitlements, trail = map(client_of, ["meteringmarketplace", "marketplace-entitlement", "cloudtrail"])
record = {
    "Timestamp": datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0), "CustomerIdentifier": "demoCustomer2",
    "Dimension": "queries", "Quantity": 5,
    "UsageAllocations": [
        {"AllocatedUsageQuantity": 2, "Tags": [{"Key": "team", "Value": "research"}]},
        {"AllocatedUsageQuantity": 3},
    ],
}
def meter(**changes):
    result, = metering.batch_meter_usage(ProductCode=product, UsageRecords=[{**record, **changes}])["Results"]
    return [result["Status"], result["MeteringRecordId"], result["UsageRecord"]["Timestamp"] == record["Timestamp"]]
def refusal(client, kind, call):
    try:
        call()
    except getattr(client.exceptions, kind) as error:
        return [type(error).__name__, error.response["Error"]["Code"], error.response["Error"]["Message"] != ""]
pages = entitlements.get_paginator("get_entitlements").paginate(ProductCode=contract, PaginationConfig={"PageSize": 2})
found = [entitlement for page in pages for entitlement in page["Entitlements"]]
print(json.dumps({
    "first": meter(), "again": meter(), "otherwise": meter(Quantity=6, UsageAllocations=[{"AllocatedUsageQuantity": 6}]),
    "customer": metering.resolve_customer(RegistrationToken=token)["CustomerIdentifier"],
    "refusal": refusal(metering, "InvalidUsageDimensionException", lambda: meter(Dimension="made-up")),
    "values": [entitlement["Value"] for entitlement in found],
    "expires": found[0]["ExpirationDate"].isoformat(),
    "filter": refusal(entitlements, "InvalidParameterException", lambda: entitlements.get_entitlements(
        ProductCode=contract, Filter={"CUSTOMER_IDENTIFIER": ["a"], "CUSTOMER_AWS_ACCOUNT_ID": ["b"]})),
    "events": sorted({event["EventName"] for event in trail.lookup_events()["Events"]}),
    "range": refusal(trail, "InvalidTimeRangeException", lambda: trail.lookup_events(
        StartTime=datetime.datetime(2026, 1, 2), EndTime=datetime.datetime(2026, 1, 1))),
    "paths": sorted(paths),
}))
`;

test("S4, S5, B1, B5: boto3 does the whole job in CBOR, and raises refusals by their classes", async (context) => {
  const { status } = spawnSync("python3", ["-c", "import boto3, botocore.serialize as s; s.BaseRpcV2Serializer"]);
  if (status !== 0) {
    process.stdout.write("skipped: boto3 in CBOR (there is no boto3 here that knows it)\n");
    context.skip("no boto3 that knows CBOR");
  }
  const token = await registrationToken(server, "agmt-demo2");
  const env = {
    ...process.env,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
  };
  const args = ["-c", PROGRAM, server.endpoint, DEMO.productCode, CONTRACT.productCode, token];
  const { stdout } = await promisify(execFile)("python3", args, { env });
  const [kept] = await meteringRecords(server, { dimension: "queries" });
  const id = kept?.meteringRecordId;
  expect(JSON.parse(stdout)).toEqual({
    first: ["Success", id, true],
    again: ["Success", id, true],
    otherwise: ["DuplicateRecord", id, true],
    customer: "demoCustomer2",
    refusal: ["InvalidUsageDimensionException", "InvalidUsageDimensionException", true],
    values: [
      { StringValue: "enterprise" },
      { BooleanValue: true },
      { DoubleValue: 2.5 },
      { IntegerValue: 10 },
      { StringValue: "basic" },
      { IntegerValue: 3 },
    ],
    expires: expect.stringMatching(/^2099-01-01T00:00:00/) as string,
    filter: ["InvalidParameterException", "InvalidParameterException", true],
    events: ["BatchMeterUsage", "GetEntitlements", "ResolveCustomer"],
    range: ["InvalidTimeRangeException", "InvalidTimeRangeException", true],
    paths: [
      "/service/AWSMPEntitlementService/operation/GetEntitlements",
      "/service/AWSMPMeteringService/operation/BatchMeterUsage",
      "/service/AWSMPMeteringService/operation/ResolveCustomer",
      "/service/com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101/operation/LookupEvents",
    ],
  });
  expect(kept).toMatchObject({ quantity: 5, usageAllocations: [{ allocatedUsageQuantity: 2 }, {}] });
});
