import { describe, expect, test } from "vitest";
import type { PolicyDocument, PolicyStatement } from "../domain/catalogue/account.ts";
import { authorize } from "./caller.ts";
import { evaluatePolicy, type PolicyDecision } from "./policy.ts";

const BATCH = "aws-marketplace:BatchMeterUsage";
const RESOLVE = "aws-marketplace:ResolveCustomer";

const allow = (Action: string | string[], Resource: string | string[] = "*"): PolicyStatement => ({
  Effect: "Allow",
  Action,
  Resource,
});
const deny = (Action: string | string[], Resource: string | string[] = "*"): PolicyStatement => ({
  Effect: "Deny",
  Action,
  Resource,
});
const policy = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: "2012-10-17", Statement });

describe("a policy (Rule N3)", () => {
  const table: readonly [string, PolicyDocument | undefined, PolicyDecision["verdict"]][] = [
    ["that is not there allows everything", undefined, "allowed"],
    ["without statements allows nothing", policy(), "not-allowed"],
    ["allows the action it names", policy(allow(BATCH)), "allowed"],
    ["allows no other action", policy(allow(RESOLVE)), "not-allowed"],
    ["allows any action of a list", policy(allow([RESOLVE, BATCH])), "allowed"],
    ["may be one statement that is not in a list", { Statement: allow(BATCH) }, "allowed"],
    ["may be one statement that denies", { Statement: deny(BATCH) }, "denied"],
    ["that denies what it allows denies", policy(allow("*"), deny(BATCH)), "denied"],
    ["that denies before it allows denies", policy(deny(BATCH), allow("*")), "denied"],
    ["that denies another action allows", policy(allow("*"), deny(RESOLVE)), "allowed"],
    ["allows by *", policy(allow("*")), "allowed"],
    ["allows by a prefix and *", policy(allow("aws-marketplace:*")), "allowed"],
    ["allows by * in the middle", policy(allow("aws-marketplace:*MeterUsage")), "allowed"],
    ["allows by several *", policy(allow("*:**Meter*")), "allowed"],
    ["allows where * stands for nothing", policy(allow(`${BATCH}*`)), "allowed"],
    ["does not allow by * of another service", policy(allow("s3:*")), "not-allowed"],
    ["does not allow by the name of the model", policy(allow("meteringmarketplace:*")), "not-allowed"],
    ["allows by ? for one character", policy(allow("aws-marketplace:?atchMeterUsag?")), "allowed"],
    ["does not allow where ? stands for nothing", policy(allow(`${BATCH}?`)), "not-allowed"],
    ["allows in any case", policy(allow("AWS-Marketplace:batchmeterUSAGE")), "allowed"],
    ["denies in any case", policy(allow("*"), deny("aws-marketplace:BATCH*")), "denied"],
    ["takes a dot for a dot", policy(allow("aws.marketplace:BatchMeterUsage")), "not-allowed"],
    ["takes other signs for themselves", policy(allow("(aws-marketplace|s3):[A-Z]+")), "not-allowed"],
    ["does not allow by a part of the name", policy(allow("aws-marketplace:Batch"), allow("MeterUsage")), "not-allowed"],
    ["does not allow by an empty name", policy(allow("")), "not-allowed"],
    ["allows all but what NotAction names", policy({ Effect: "Allow", NotAction: RESOLVE, Resource: "*" }), "allowed"],
    ["does not allow what NotAction names", policy({ Effect: "Allow", NotAction: [RESOLVE, "*:Batch*"], Resource: "*" }), "not-allowed"],
    ["denies all but what NotAction names", policy(allow("*"), { Effect: "Deny", NotAction: RESOLVE, Resource: "*" }), "denied"],
    ["with neither Action nor NotAction says nothing", policy({ Effect: "Allow", Resource: "*" }), "not-allowed"],
    ["allows on * among other resources", policy(allow(BATCH, ["arn:aws:s3:::bucket", "*"])), "allowed"],
    ["does not allow on another resource", policy(allow(BATCH, "arn:aws:aws-marketplace:us-east-1:111122223333:p/1")), "not-allowed"],
    ["does not allow on resources that merely begin with something", policy(allow(BATCH, "arn:*")), "not-allowed"],
    ["does not allow on no resource", policy(allow(BATCH, [])), "not-allowed"],
    ["allows on all but what NotResource names", policy({ Effect: "Allow", Action: BATCH, NotResource: "arn:aws:s3:::bucket" }), "allowed"],
    ["does not allow what NotResource names", policy({ Effect: "Allow", Action: BATCH, NotResource: ["arn:aws:s3:::bucket", "*"] }), "not-allowed"],
    ["denies on all but what NotResource names", policy(allow("*"), { Effect: "Deny", NotAction: RESOLVE, NotResource: "arn:*" }), "denied"],
    ["does not deny what NotResource names", policy(allow("*"), { Effect: "Deny", Action: "*", NotResource: "*" }), "allowed"],
    ["with neither Resource nor NotResource says nothing", policy({ Effect: "Allow", Action: "*" }), "not-allowed"],
    ["allows nothing by a condition that cannot be read", policy({ ...allow("*"), Condition: { NumericEquals: { "aws:EpochTime": 1 } } }), "not-allowed"],
    ["denies by a condition that cannot be read", policy(allow("*"), { ...deny("*"), Condition: { IpAddress: { "aws:VpcSourceIp": "10.0.0.1" } } }), "denied"],
    ["denies by a condition of which a part cannot be read", policy(allow("*"), { ...deny("*"), Condition: { Bool: { "aws:SecureTransport": true, "aws:ViaAWSService": "false" } } }), "denied"],
    ["does not deny another action by a condition that cannot be read", policy(allow("*"), { ...deny(RESOLVE), Condition: { IpAddress: {} } }), "allowed"],
    ["does not deny on another resource", policy(allow(BATCH), deny("*", "arn:aws:s3:::bucket")), "allowed"],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, document, verdict) => {
    expect(evaluatePolicy(document, BATCH, {}).verdict).toBe(verdict);
  });
});

test("a pattern of many stars is looked at once for each of its characters, not for each way to place them", () => {
  const stars = `${"*a".repeat(60)}*b`;
  expect(evaluatePolicy(policy(allow(stars)), "a".repeat(2_000), {}).verdict).toBe("not-allowed");
});

describe("a caller (Rule N3)", () => {
  const caller = {
    accountId: "111122223333",
    arn: "arn:aws:iam::111122223333:user/metering",
    principalArn: "arn:aws:iam::111122223333:user/metering",
    accessKeyId: "AKIACOUNTINGHOUSE001",
    region: "us-east-1",
  };
  const facts = { sourceAddress: "198.51.100.7", isSecure: false, atMs: Date.UTC(2026, 6, 14, 12, 30) };
  const office = { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } };
  const away = { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" }, Bool: { "aws:SecureTransport": false } };

  test("may do what its policy allows", () => {
    expect(authorize({ ...caller, policy: policy(allow(BATCH)) }, BATCH, facts)).toBeUndefined();
    expect(authorize({ ...caller, policy: undefined }, "aws-marketplace:RegisterUsage", facts)).toBeUndefined();
  });

  const IMPLICIT = "because no identity-based policy allows the aws-marketplace:BatchMeterUsage action";
  const EXPLICIT = "with an explicit deny in an identity-based policy";
  test.each([
    ["may not do what its policy does not allow", policy(allow(RESOLVE)), IMPLICIT, {}],
    ["may not do what its policy denies", policy(deny("*")), EXPLICIT, { statement: 1 }],
    ["may not do what a condition of its policy denies", policy(allow("*"), { Sid: "Office", ...deny("*"), Condition: away }), EXPLICIT,
      { statement: 2, sid: "Office", "aws:SourceIp": "198.51.100.7", "aws:SecureTransport": "false" }],
    ["may not do what a condition keeps its policy from allowing", policy(allow(RESOLVE), { ...allow("*"), Condition: office }, { ...allow("*"), Condition: { Bool: { "aws:SecureTransport": true } } }), IMPLICIT,
      { statement: 2, unmet: "IpAddress aws:SourceIp", "aws:SourceIp": "198.51.100.7" }],
    ["may not do what a condition that cannot be read might allow", policy({ ...allow("*"), Condition: { Binary: {} } }), IMPLICIT, { statement: 1 }],
  ])("%s, and is told why", (_what, document, why, figures) => {
    const refused = authorize({ ...caller, policy: document }, BATCH, facts);
    expect(refused).toMatchObject({
      code: "AccessDeniedException",
      rule: "N3",
      message: `User: ${caller.arn} is not authorized to perform: ${BATCH} ${why}`,
    });
    const verdict = why === EXPLICIT ? "denied" : "not-allowed";
    expect(refused?.compared).toEqual({ action: BATCH, verdict, ...figures });
  }); // prettier-ignore

  test.each(["", "/run/server.sock", "unknown"])("whose address is %j has no aws:SourceIp", (sourceAddress) => {
    const ifMissing = policy({ ...allow("*"), Condition: { Null: { "aws:SourceIp": "true" } } });
    const refused = authorize({ ...caller, policy: ifMissing }, BATCH, { ...facts, sourceAddress });
    expect(refused).toBeUndefined();
    const unmet = authorize({ ...caller, policy: policy({ ...allow("*"), Condition: office }) }, BATCH, {
      ...facts,
      sourceAddress,
    });
    expect(unmet?.compared).toMatchObject({ "aws:SourceIp": "not there" });
  });
});
