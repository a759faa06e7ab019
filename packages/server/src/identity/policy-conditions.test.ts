/** Compares conditions with the IAM user guide: operators, keys, and several keys or values. Rule N3. */
import { describe, expect, test } from "vitest";
import type { PolicyCondition } from "../domain/catalogue/account.ts";
import { conditionKeys, conditionOperators } from "@countinghouse/protocol";
import { CONDITION_KEY_PATTERN, CONDITION_OPERATOR_PATTERN } from "../operator/contract/catalogue/policy.ts";
import { readCondition, type RequestContext } from "./policy-conditions.ts";
import { conditionOperator } from "./condition-operators.ts";

const REQUEST: RequestContext = {
  "aws:CurrentTime": "2026-07-14T12:30:00.000Z",
  "aws:PrincipalArn": "arn:aws:iam::111122223333:user/division/metering",
  "aws:RequestedRegion": "eu-west-1",
  "aws:SecureTransport": "true",
  "aws:SourceIp": "203.0.113.77",
};

function holds(condition: PolicyCondition, context: RequestContext = REQUEST): boolean {
  const { tests, problems } = readCondition(condition);
  expect(problems).toEqual([]);
  return tests.every((one) => one.holds(context[one.key]));
}

type Given = PolicyCondition[string][string];
type Row = readonly [operator: string, key: string, value: Given, expected: boolean];

const region = "aws:RequestedRegion";
const ip = "aws:SourceIp";
const time = "aws:CurrentTime";
const tls = "aws:SecureTransport";
const arn = "aws:PrincipalArn";

describe("a request has the key: it is told by", () => {
  const table: readonly Row[] = [
    ["StringEquals", region, "eu-west-1", true],
    ["StringEquals", region, "EU-WEST-1", false],
    ["StringEquals", region, "eu-*", false],
    ["StringEquals", region, ["us-east-1", "eu-west-1"], true],
    ["StringEquals", region, ["us-east-1", "us-west-2"], false],
    ["StringNotEquals", region, "us-east-1", true],
    ["StringNotEquals", region, "eu-west-1", false],
    ["StringNotEquals", region, ["us-east-1", "eu-west-1"], false],
    ["StringNotEquals", region, ["us-east-1", "us-west-2"], true],
    ["StringEqualsIgnoreCase", region, "EU-West-1", true],
    ["StringNotEqualsIgnoreCase", region, "EU-West-1", false],
    ["StringNotEqualsIgnoreCase", region, "EU-West-2", true],
    ["StringLike", region, "eu-*", true],
    ["StringLike", region, "EU-*", false],
    ["StringLike", region, "*", true],
    ["StringLike", region, "eu-west-?", true],
    ["StringLike", region, "eu-west-??", false],
    ["StringLike", region, "west", false],
    ["StringLike", region, "", false],
    ["StringNotLike", region, "eu-*", false],
    ["StringNotLike", region, ["us-*", "ap-*"], true],
    ["StringEquals", arn, "arn:aws:iam::111122223333:user/division/metering", true],
    ["StringLike", arn, "*:user/*", true],

    ["IpAddress", ip, "203.0.113.0/24", true],
    ["IpAddress", ip, "203.0.113.77", true],
    ["IpAddress", ip, "203.0.113.76/31", true],
    ["IpAddress", ip, "203.0.113.78/31", false],
    ["IpAddress", ip, ["10.0.0.0/8", "2001:DB8:1234:5678::/64"], false],
    ["IpAddress", ip, ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], true],
    ["IpAddress", ip, "::/0", false],
    ["NotIpAddress", ip, "203.0.113.0/24", false],
    ["NotIpAddress", ip, ["192.0.2.0/24", "203.0.113.0/24"], false],
    ["NotIpAddress", ip, ["192.0.2.0/24", "::/0"], true],

    ["Bool", tls, "true", true],
    ["Bool", tls, true, true],
    ["Bool", tls, "false", false],
    ["Bool", tls, false, false],
    ["Bool", tls, ["true", "false"], true],

    ["DateEquals", time, "2026-07-14T12:30:00Z", true],
    ["DateEquals", time, "2026-07-14T14:30:00+02:00", true],
    ["DateEquals", time, "1784032200", true],
    ["DateEquals", time, 1_784_032_200, true],
    ["DateEquals", time, "2026-07-14T12:30Z", true],
    ["DateEquals", time, "2026-07-14", false],
    ["DateNotEquals", time, "2026-07-14T12:30:00Z", false],
    ["DateNotEquals", time, "2026-07-14", true],
    ["DateLessThan", time, "2026-07-14T12:30:00.001Z", true],
    ["DateLessThan", time, "2026-07-14T12:30:00Z", false],
    ["DateLessThan", time, "2027", true],
    ["DateLessThan", time, 2027, true],
    ["DateLessThan", time, "253402300799", true],
    ["DateLessThan", time, ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"], true],
    ["DateLessThanEquals", time, "2026-07-14T12:30:00Z", true],
    ["DateLessThanEquals", time, "2026-07", false],
    ["DateGreaterThan", time, "2026-07-14T12:30:00Z", false],
    ["DateGreaterThan", time, "2026-07", true],
    ["DateGreaterThan", time, 1_784_032_199, true],
    ["DateGreaterThanEquals", time, "2026-07-14T12:30:00Z", true],
    ["DateGreaterThanEquals", time, "1784032201", false],

    ...["ArnEquals", "ArnLike"].flatMap((operator): Row[] => [
      [operator, arn, "arn:aws:iam::111122223333:user/division/metering", true],
      [operator, arn, "arn:aws:iam::111122223333:user/Division/metering", false],
      [operator, arn, "arn:aws:iam::111122223333:user/*", true],
      [operator, arn, "arn:aws:iam::*:user/*/metering", true],
      [operator, arn, "arn:*:iam::11112222333?:*", true],
      [operator, arn, "arn:aws:iam:*:*:user/*", true],
      [operator, arn, "arn:aws:*:111122223333:user/division/metering:*", false],
      [operator, arn, ["arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:user/*"], true],
    ]),
    ["ArnNotEquals", arn, "arn:aws:iam::111122223333:user/*", false],
    ["ArnNotLike", arn, "arn:aws:iam::111122223333:user/*", false],
    ["ArnNotLike", arn, ["arn:aws:iam::111122223333:role/*", "arn:aws:iam::444455556666:*"], true],

    ["Null", ip, "true", false],
    ["Null", ip, "false", true],
    ["Null", tls, false, true],
    ["Null", tls, [true, false], true],

    ["IpAddressIfExists", ip, "203.0.113.0/24", true],
    ["IpAddressIfExists", ip, "10.0.0.0/8", false],
    ["StringNotLikeIfExists", region, "eu-*", false],
    ["ForAnyValue:StringEquals", region, ["us-east-1", "eu-west-1"], true],
    ["ForAllValues:StringEquals", region, ["us-east-1", "eu-west-1"], true],
    ["ForAllValues:StringEquals", region, "us-east-1", false],
    ["ForAllValues:StringNotEquals", region, ["us-east-1", "eu-west-1"], false],
    ["ForAnyValue:StringNotEquals", region, ["us-east-1", "us-west-2"], true],
    ["ForAllValues:IpAddressIfExists", ip, "203.0.113.0/24", true],
    ["StringEquals", "AWS:requestedREGION", "eu-west-1", true],
    ["IpAddress", "aws:SourceIP", "203.0.113.0/24", true],
  ]; // prettier-ignore
  test.each(table)("%s %s %j: %s", (operator, key, value, expected) => {
    expect(holds({ [operator]: { [key]: value } })).toBe(expected);
  });
});

describe("a request does not have the key: it is told by", () => {
  const table: readonly Row[] = [
    ["StringEquals", region, "eu-west-1", false],
    ["StringLike", region, "*", false],
    ["IpAddress", ip, "0.0.0.0/0", false],
    ["Bool", tls, "false", false],
    ["DateLessThan", time, "9999", false],
    ["ArnLike", arn, "arn:*:*:*:*:*", false],
    ["StringNotEquals", region, "eu-west-1", true],
    ["StringNotEqualsIgnoreCase", region, "eu-west-1", true],
    ["StringNotLike", region, "*", true],
    ["NotIpAddress", ip, "0.0.0.0/0", true],
    ["DateNotEquals", time, "2026", true],
    ["ArnNotEquals", arn, "arn:*:*:*:*:*", true],
    ["ArnNotLike", arn, "arn:*:*:*:*:*", true],
    ["Null", ip, "true", true],
    ["Null", ip, "false", false],
    ["Null", ip, ["true", "false"], true],
    ["StringEqualsIfExists", region, "x", true],
    ["StringNotEqualsIfExists", region, "x", true],
    ["IpAddressIfExists", ip, "10.0.0.0/8", true],
    ["NotIpAddressIfExists", ip, "10.0.0.0/8", true],
    ["BoolIfExists", tls, "true", true],
    ["DateLessThanIfExists", time, "1970", true],
    ["ArnLikeIfExists", arn, "arn:aws:iam::1:user/x", true],
    ["ForAllValues:StringEquals", region, "x", true],
    ["ForAllValues:StringNotEquals", region, "x", true],
    ["ForAllValues:IpAddress", ip, "10.0.0.0/8", true],
    ["ForAnyValue:StringEquals", region, "x", false],
    ["ForAnyValue:StringNotEquals", region, "x", false],
    ["ForAnyValue:NotIpAddress", ip, "10.0.0.0/8", false],
    ["ForAnyValue:StringEqualsIfExists", region, "x", true],
    ["ForAllValues:BoolIfExists", tls, "true", true],
  ]; // prettier-ignore
  test.each(table)("%s %s %j: %s", (operator, key, value, expected) => {
    expect(holds({ [operator]: { [key]: value } }, {})).toBe(expected);
  });
});

describe("an ARN with colons of its own is told, part by part, by", () => {
  const context = { [arn]: "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt" };
  const table: readonly (readonly [string, string, boolean])[] = [
    ["StringLike", "arn:aws:someservice:*:111122223333:finance/*", true],
    ["ArnLike", "arn:aws:someservice:*:111122223333:finance/*", false],
    ["ArnLike", "arn:aws:someservice:*:999999999999:store/*", true],
    ["ArnLike", "arn:aws:someservice:*:999999999999:store/abc:*:finance/*", true],
    ["ArnLike", "arn:aws:someservice:*:999999999999:store/abc", false],
    ["ArnEquals", "arn:aws:someservice:*:999999999999:store/abc:1*", true],
  ];
  test.each(table)("%s %s: %s", (operator, value, expected) => {
    expect(holds({ [operator]: { [arn]: value } }, context)).toBe(expected);
  });
});

describe("of several", () => {
  test("operators, all hold", () => {
    const both = { IpAddress: { [ip]: "203.0.113.0/24" }, Bool: { [tls]: "true" } };
    expect(holds(both)).toBe(true);
    expect(holds(both, { ...REQUEST, [tls]: "false" })).toBe(false);
    expect(holds(both, { ...REQUEST, [ip]: "10.0.0.1" })).toBe(false);
  });

  test("keys of an operator, all hold", () => {
    const both = { StringLike: { [region]: "eu-*", [arn]: "*/metering" } };
    expect(holds(both)).toBe(true);
    expect(holds(both, { ...REQUEST, [region]: "us-east-1" })).toBe(false);
    expect(holds(both, { ...REQUEST, [arn]: "arn:aws:iam::111122223333:user/other" })).toBe(false);
  });

  test("none at all, nothing is asked", () => {
    expect(holds({})).toBe(true);
  });
});

describe("IPv6 requests are told by", () => {
  const table: readonly (readonly [string, string, Given, boolean])[] = [
    ["2001:db8:1234:5678::9", "IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], true],
    ["2001:db8:1234:5679::9", "IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], false],
    ["2001:db8::9", "NotIpAddress", "0.0.0.0/0", true],
    ["2001:db8::9", "IpAddress", "2001:db8::9", true],
    ["2001:db8::a", "IpAddress", "2001:db8::9", false],
    ["::ffff:203.0.113.77", "IpAddress", "203.0.113.0/24", true],
    ["203.0.113.77", "IpAddress", "::ffff:203.0.113.0/120", true],
  ]; // prettier-ignore
  test.each(table)("%s, %s %j: %s", (address, operator, value, expected) => {
    expect(holds({ [operator]: { [ip]: value } }, { [ip]: address })).toBe(expected);
  });
});

describe("what is not supported is refused by name and place:", () => {
  const KEYS = "aws:CurrentTime, aws:PrincipalArn, aws:RequestedRegion, aws:SecureTransport, aws:SourceIp";
  const network = "must be an address or a network, such as 203.0.113.0/24 or 2001:db8::/32";
  const moment = "must be a time such as 2027-01-01T00:00:00Z, or the seconds since 1970";
  const anArn = "must be an ARN, such as arn:aws:iam::111122223333:role/*";
  const table: readonly (readonly [PolicyCondition, string, string])[] = [
    [{ NumericLessThan: { "aws:EpochTime": "1" } }, "NumericLessThan", "the condition operator NumericLessThan is not supported here"],
    [{ stringequals: { [region]: "x" } }, "stringequals", "the condition operator stringequals is not supported here"],
    [{ NullIfExists: { [ip]: "true" } }, "NullIfExists", "the condition operator NullIfExists is not supported here"],
    [{ "ForAllValues:Null": { [ip]: "true" } }, "ForAllValues:Null", "the condition operator ForAllValues:Null is not supported here"],
    [{ "ForSome:Bool": { [tls]: "true" } }, "ForSome:Bool", "the condition operator ForSome:Bool is not supported here"],
    [{ toString: { [tls]: "true" } }, "toString", "the condition operator toString is not supported here"],
    [{ "s3cret/s3cret+s3cret": {} }, "", "a condition operator that is not supported here"],
    [{ StringEquals: { "aws:PrincipalTag/team": "x" } }, "StringEquals.aws:PrincipalTag/team", `the condition key aws:PrincipalTag/team is not supported here; supported are ${KEYS}`],
    [{ StringEquals: { "aws:SourceVpc": "x" } }, "StringEquals.aws:SourceVpc", `the condition key aws:SourceVpc is not supported here; supported are ${KEYS}`],
    [{ StringEquals: { "s3cret/s3cret+s3cret": "x" } }, "StringEquals", `a condition key that is not supported here; supported are ${KEYS}`],
    [{ IpAddress: {} }, "IpAddress", "must name a condition key"],
    [{ IpAddress: { [ip]: [] } }, "IpAddress.aws:SourceIp", "must have a value"],
    [{ StringLike: { [ip]: "10.*" } }, "StringLike.aws:SourceIp", "StringLike is not for aws:SourceIp, which takes IpAddress, NotIpAddress and Null"],
    [{ IpAddress: { [region]: "10.0.0.0/8" } }, "IpAddress.aws:RequestedRegion", "IpAddress is not for aws:RequestedRegion, which takes String operators and Null"],
    [{ BoolIfExists: { [time]: "true" } }, "BoolIfExists.aws:CurrentTime", "BoolIfExists is not for aws:CurrentTime, which takes Date operators and Null"],
    [{ DateLessThan: { [arn]: "2026" } }, "DateLessThan.aws:PrincipalArn", "DateLessThan is not for aws:PrincipalArn, which takes Arn operators, String operators and Null"],
    [{ IpAddress: { [ip]: "10.0.0.0/33" } }, "IpAddress.aws:SourceIp", network],
    [{ NotIpAddress: { [ip]: ["10.0.0.0/8", "10.0.0.*"] } }, "NotIpAddress.aws:SourceIp.1", network],
    [{ IpAddress: { [ip]: "2001:db8::/129" } }, "IpAddress.aws:SourceIp", network],
    [{ Bool: { [tls]: "True" } }, "Bool.aws:SecureTransport", "must be true or false"],
    [{ Bool: { [tls]: 1 } }, "Bool.aws:SecureTransport", "must be true or false"],
    [{ Null: { [arn]: "arn:aws:iam::1:user/x" } }, "Null.aws:PrincipalArn", "must be true or false"],
    [{ ArnLike: { [arn]: "*" } }, "ArnLike.aws:PrincipalArn", anArn],
    [{ ArnEquals: { [arn]: ["arn:aws:iam::1:user/x", "AIDAEXAMPLE"] } }, "ArnEquals.aws:PrincipalArn.1", anArn],
    [{ StringLike: { [arn]: "arn:aws:iam::1:user/${aws:username}" } }, "StringLike.aws:PrincipalArn", "policy variables (${…}) are not supported here"],
    ...["2026-02-29", "2026-13", "2026-07-14T12:30:00", "2026-07-14T24:00:00Z", "2026-07-14 12:30:00Z", "20260714T123000Z", "2026-07-14T12:30:00+24:00",
      "12:30", "tomorrow", "", "-1", "1e9", "1784032200.5", "253402300800", "1784032200000", "2026-*"].map(
      (value) => [{ DateLessThan: { [time]: value } }, "DateLessThan.aws:CurrentTime", moment] as const,
    ),
  ]; // prettier-ignore
  test.each(table)("%j", (condition, place, message) => {
    const { problems } = readCondition(condition);
    expect(problems.map(({ path, message: told }) => [path.join("."), told])).toEqual([[place, message]]);
  });

  test("all of it at once", () => {
    const { problems } = readCondition({
      Bool: { [tls]: "yes", "aws:Tls": "true" },
      DateEquals: { [time]: ["never", "ever"] },
    });
    expect(problems.map(({ path }) => path.join("."))).toEqual([
      "Bool.aws:SecureTransport",
      "Bool.aws:Tls",
      "DateEquals.aws:CurrentTime.0",
    ]);
  });
});

test("schemas know the same names", () => {
  const operators = new RegExp(CONDITION_OPERATOR_PATTERN);
  for (const name of ["Null", "ForAllValues:NotIpAddressIfExists", "ForAnyValue:ArnLike", ...conditionOperators]) {
    expect([operators.test(name), conditionOperator(name) !== undefined], name).toEqual([true, true]);
  }
  for (const name of ["NullIfExists", "ForAllValues:Null", "bool", "BoolIfexists", "NumericEquals", "IfExists", ""]) {
    expect([operators.test(name), conditionOperator(name) !== undefined], name).toEqual([false, false]);
  }
  const keys = new RegExp(CONDITION_KEY_PATTERN);
  expect(conditionKeys.every((key) => keys.test(key) && keys.test(key.toUpperCase()))).toBe(true);
  expect(keys.test("aws:SourceIp ") || keys.test("aws:SourceVpc")).toBe(false);
});
