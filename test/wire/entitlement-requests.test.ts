/** GetEntitlements below the SDK: its target, its signature, input that no SDK sends, and what the ledger keeps of it. */
import { entitlementService, meteringService, type Service } from "@countinghouse/protocol";
import { afterAll, beforeAll, expect } from "vitest";
import { decodeEntry } from "../../packages/server/src/ledger/entry-codec.ts";
import type { LedgerEvent } from "../../packages/server/src/ledger/entry.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { jsonOf, send, signed, wireRequest, withHeaders, type RawAnswer } from "../support/raw-client.ts";
import { CONTRACT, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "a data folder, whose entries are read" });

const folder = temporaryFolder();
let server: RunningServer;

beforeAll(async () => {
  server = await startServer(["--store", `sqlite:${folder.path}/data`]);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

function post(
  input: object | string,
  service: Service = entitlementService,
  signingName: string = service.signingName,
): Promise<RawAnswer> {
  const request = wireRequest(server.endpoint, "GetEntitlements", input, service);
  return send(server.endpoint, signed(request, { service: signingName }));
}
const asking = (more: object): object => ({ ProductCode: CONTRACT.productCode, ...more });

test("the answer is AWS JSON 1.1, with times in seconds and nothing that is absent", async () => {
  const answer = await post(asking({ Filter: { LICENSE_ARN: [CONTRACT.licensed.LicenseArn] } }));
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/x-amz-json-1.1");
  const found = `"ProductCode":"${CONTRACT.productCode}","Dimension"`;
  const customer = `"CustomerAWSAccountId":"${CONTRACT.licensed.CustomerAWSAccountId}"`;
  const licence = `"LicenseArn":"${CONTRACT.licensed.LicenseArn}"`;
  expect(answer.text).toBe(
    `{"Entitlements":[{${found}:"edition",${customer},"Value":{"StringValue":"basic"},${licence}},` +
      `{${found}:"users",${customer},"Value":{"IntegerValue":3},"ExpirationDate":4055011200,${licence}}]}`,
  );
});

test("an operation is found by its whole target: the service is part of it", async () => {
  expect(jsonOf(await post(asking({}), meteringService))).toEqual({ __type: "UnknownOperationException" });
  const targets = ["GetEntitlements", ".GetEntitlements", "a.AWSMPEntitlementService.GetEntitlements"];
  for (const target of [...targets, "AWSMPEntitlementService.BatchMeterUsage", "AWSMPEntitlementService."]) {
    const request = wireRequest(server.endpoint, "GetEntitlements", asking({}));
    const answer = await send(server.endpoint, signed(withHeaders(request, { "x-amz-target": target })));
    expect(jsonOf(answer), target).toEqual({ __type: "UnknownOperationException" });
  }
});

test("Rule N1: a signature for a service of another name is refused", async () => {
  expect(jsonOf(await post(asking({}), entitlementService, "entitlement.marketplace"))).toEqual({
    __type: "InvalidSignatureException",
    message: "Credential should be scoped to correct service: 'aws-marketplace'. ",
  });
});

const violation = (text: string): object => ({
  __type: "ValidationException",
  message: `1 validation error detected: ${text}`,
});
const REFUSALS: readonly [string, object, object][] = [
  ["no product code", {}, violation("Value null at 'productCode' failed to satisfy constraint: Member must not be null")],
  ["an empty product code", { ProductCode: "" }, violation(
    "Value '' at 'productCode' failed to satisfy constraint: Member must have length greater than or equal to 1",
  )],
  ["no results at all", asking({ MaxResults: 0 }), violation(
    "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
  )],
  ["26 results", asking({ MaxResults: 26 }), violation(
    "Value '26' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 25",
  )],
  ["a filter of another kind", asking({ Filter: { COLOUR: ["red"] } }), violation(
    "Value '{COLOUR}' at 'filter' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy enum value set: [CUSTOMER_IDENTIFIER, DIMENSION, CUSTOMER_AWS_ACCOUNT_ID, LICENSE_ARN]]",
  )],
  ["a filter without values", asking({ Filter: { DIMENSION: [] } }), violation(
    "Value '{DIMENSION}' at 'filter' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length greater than or equal to 1]",
  )],
  ["a filter that is a list", asking({ Filter: [] }), {
    __type: "SerializationException", Message: "Start of list found where not expected",
  }],
  ["a filter's value that is no list", asking({ Filter: { DIMENSION: "users" } }), {
    __type: "SerializationException", Message: "Expected list or null",
  }],
  ["an empty token", asking({ NextToken: "" }), violation(
    String.raw`Value at 'nextToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \S+`,
  )],
  ["a token of 100,000 letters", asking({ NextToken: "A".repeat(100_000) }), {
    __type: "InvalidParameterException", message: "The NextToken is invalid, or was given for another query.",
  }],
]; // prettier-ignore

test.each(REFUSALS)("Rules D3, E3, E5: %s is refused", async (_what, input, body) => {
  const answer = await post(input);
  expect(jsonOf(answer)).toEqual(body);
  expect(answer.status).toBe(400);
});

test("a filter of 20,000 values is taken, and answered", async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `none-${i}`);
  expect(jsonOf(await post(asking({ Filter: { CUSTOMER_IDENTIFIER: many, DIMENSION: many } })))).toEqual({
    Entitlements: [],
  });
});

test("Rules E1, E2, E3: every call is in the ledger, with the rule that hid or refused, and without any token", async () => {
  const own = await startServer(["--store", `sqlite:${folder.path}/kept`]);
  const idOf = async (input: object): Promise<string> => {
    const request = wireRequest(own.endpoint, "GetEntitlements", input, entitlementService);
    return String((await send(own.endpoint, signed(request))).headers["x-amzn-requestid"]);
  };
  const { productCode } = CONTRACT;
  const calls: readonly [string, LedgerEvent | object][] = [
    [
      await idOf(asking({ MaxResults: 2 })),
      { kind: "entitlements-shown", productCode, request: { productCode, maxResults: 2 }, count: 2 },
    ],
    [
      await idOf({ ProductCode: "typo" }),
      { kind: "entitlements-shown", productCode: "typo", request: { productCode: "typo" }, count: 0, rule: "E1" },
    ],
    [
      await idOf(asking({ Filter: { CUSTOMER_IDENTIFIER: ["a"], CUSTOMER_AWS_ACCOUNT_ID: ["1"] } })),
      expect.objectContaining({ kind: "call-refused", code: "InvalidParameterException", rule: "E3" }) as object,
    ],
    [
      await idOf(asking({ NextToken: "bWFkZSB1cA" })),
      expect.objectContaining({ kind: "call-refused", code: "InvalidParameterException", rule: "E5" }) as object,
    ],
    [await idOf(asking({ MaxResults: 99 })), expect.objectContaining({ rule: "L5" }) as object],
  ];
  await own.stop();
  const engine = openSqliteEngine(`${folder.path}/kept`);
  for (const [requestId, event] of calls) {
    const encoded = await engine.entryByRequestId(requestId);
    if (encoded === undefined) throw new Error(`no entry ${requestId}`);
    expect(encoded.body).not.toContain("bWFkZSB1cA");
    expect(decodeEntry(encoded)).toMatchObject({ call: { operation: "GetEntitlements" }, event: {} });
    expect(decodeEntry(encoded).event).toEqual(event);
  }
  await engine.close();
});
