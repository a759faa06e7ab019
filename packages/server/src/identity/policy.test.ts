import { describe, expect, test } from "vitest";
import type { PolicyDocument, PolicyStatement } from "../domain/account.ts";
import { authorize } from "./caller.ts";
import { evaluatePolicy, type PolicyVerdict } from "./policy.ts";

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
  const table: readonly [string, PolicyDocument | undefined, PolicyVerdict][] = [
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
    ["does not deny on another resource", policy(allow(BATCH), deny("*", "arn:aws:s3:::bucket")), "allowed"],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, document, verdict) => {
    expect(evaluatePolicy(document, BATCH)).toBe(verdict);
  });
});

test("a pattern of many stars is looked at once for each of its characters, not for each way to place them", () => {
  const stars = `${"*a".repeat(60)}*b`;
  expect(evaluatePolicy(policy(allow(stars)), "a".repeat(2_000))).toBe("not-allowed");
});

describe("a caller (Rule N3)", () => {
  const caller = {
    accountId: "111122223333",
    arn: "arn:aws:iam::111122223333:user/metering",
    accessKeyId: "AKIACOUNTINGHOUSE001",
    region: "us-east-1",
  };

  test("may do what its policy allows", () => {
    expect(authorize({ ...caller, policy: policy(allow(BATCH)) }, BATCH)).toBeUndefined();
    expect(authorize({ ...caller, policy: undefined }, "aws-marketplace:RegisterUsage")).toBeUndefined();
  });

  test.each([
    ["may not do what its policy does not allow", policy(allow(RESOLVE)), "because no identity-based policy allows the aws-marketplace:BatchMeterUsage action"],
    ["may not do what its policy denies", policy(deny("*")), "with an explicit deny in an identity-based policy"],
  ])("%s, and is told why", (_what, document, why) => {
    expect(authorize({ ...caller, policy: document }, BATCH)).toMatchObject({
      code: "AccessDeniedException",
      rule: "N3",
      message: `User: ${caller.arn} is not authorized to perform: ${BATCH} ${why}`,
    });
  }); // prettier-ignore
});
