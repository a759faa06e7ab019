/** What holds for every policy, whatever its conditions and the request. Rule N3. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicyCondition, PolicyStatement } from "../domain/catalogue/account.ts";
import { evaluatePolicy } from "./policy.ts";
import { readCondition, type RequestContext } from "./policy-conditions.ts";

const ACTION = "aws-marketplace:BatchMeterUsage";

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1"));
const network = fc
  .tuple(address, fc.nat({ max: 128 }))
  .map(([text, bits]) => `${text}/${text.includes(":") ? bits : bits % 33}`);
const region = fc.constantFrom("us-east-1", "us-west-2", "eu-west-1", "eu-central-1");
const principal = fc
  .constantFrom("user/metering", "user/a/b", "role/app")
  .map((name) => `arn:aws:iam::111122223333:${name}`);
const moment = fc.constantFrom("2026", "2026-07-14T12:30:00Z", "1784032200", "2030-01-01T00:00:00+01:00");
const pattern = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.constantFrom("", "?", "*", "**"))
    .map(([whole, end]) => `${whole.slice(0, whole.length - 2)}${end}`);

/** Each key with its operators, and with values. */
const KINDS: readonly (readonly [key: string, operators: readonly string[], value: fc.Arbitrary<string>])[] = [
  ["aws:SourceIp", ["IpAddress", "NotIpAddress"], fc.oneof(address, network)],
  ["aws:RequestedRegion", ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"], fc.oneof(region, pattern(region))],
  ["aws:SecureTransport", ["Bool"], fc.constantFrom("true", "false")],
  ["aws:CurrentTime", ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"], moment],
  ["aws:PrincipalArn", ["ArnEquals", "ArnLike", "ArnNotLike", "ArnNotEquals", "StringLike"], fc.oneof(principal, principal.map((arn) => `${arn.slice(0, -2)}*`))],
]; // prettier-ignore

interface One {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

const one: fc.Arbitrary<One> = fc.constantFrom(...KINDS).chain(([key, operators, value]) =>
  fc.record({
    key: fc.constant(key),
    operator: fc.constantFrom(...operators),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  }),
);
const decorated = fc
  .tuple(one, fc.constantFrom("", "ForAllValues:", "ForAnyValue:"), fc.constantFrom("", "IfExists"))
  .map(([{ key, operator, values }, before, after]): PolicyCondition => ({
    [`${before}${operator}${after}`]: { [key]: values },
  }));
const nullCheck = fc
  .tuple(fc.constantFrom(...KINDS), fc.boolean())
  .map(([[key], isMissing]): PolicyCondition => ({ Null: { [key]: isMissing } }));
const condition = fc
  .array(fc.oneof({ arbitrary: decorated, weight: 4 }, nullCheck), { maxLength: 2 })
  .map((all): PolicyCondition => Object.assign({}, ...all) as PolicyCondition);
const statementOf = (effect: PolicyStatement["Effect"]): fc.Arbitrary<PolicyStatement> =>
  fc.record(
    {
      Effect: fc.constant(effect),
      Action: fc.constantFrom("*", "aws-marketplace:*", ACTION, "aws-marketplace:ResolveCustomer"),
      Resource: fc.constantFrom("*", "arn:aws:s3:::bucket"),
      Condition: condition,
    },
    { requiredKeys: ["Effect", "Action", "Resource"] },
  );
const allow = statementOf("Allow");
const deny = statementOf("Deny");
const statements = fc.array(fc.oneof(allow, deny), { maxLength: 5 });

const context: fc.Arbitrary<RequestContext> = fc.record(
  {
    "aws:SourceIp": address,
    "aws:RequestedRegion": region,
    "aws:SecureTransport": fc.constantFrom("true", "false"),
    "aws:CurrentTime": fc
      .date({ min: new Date(0), max: new Date("2100"), noInvalidDate: true })
      .map((at) => at.toISOString()),
    "aws:PrincipalArn": principal,
  },
  { requiredKeys: [] },
);

function verdict(Statement: readonly PolicyStatement[], request: RequestContext): string {
  return evaluatePolicy({ Version: "2012-10-17", Statement }, ACTION, request).verdict;
}

const RUNS = { numRuns: 2_000 };

test("the generated policies are such as the catalogue takes, and decide this way and that", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(statements, context, (policy, request) => {
      for (const { Condition = {} } of policy) expect(readCondition(Condition).problems).toEqual([]);
      seen.add(verdict(policy, request));
    }),
    RUNS,
  );
  expect([...seen].toSorted()).toEqual(["allowed", "denied", "not-allowed"]);
});

test("a deny that holds wins, wherever it stands", () => {
  fc.assert(
    fc.property(statements, deny, fc.nat({ max: 5 }), context, (policy, added, at, request) => {
      if (verdict([added], request) === "denied")
        expect(verdict(policy.toSpliced(at, 0, added), request)).toBe("denied");
    }),
    RUNS,
  );
});

test("an added Allow takes nothing away, and an added Deny gives nothing", () => {
  fc.assert(
    fc.property(statements, allow, deny, fc.nat({ max: 5 }), context, (policy, allowing, denying, at, request) => {
      const before = verdict(policy, request);
      if (before === "allowed") expect(verdict(policy.toSpliced(at, 0, allowing), request)).toBe("allowed");
      else expect(verdict(policy.toSpliced(at, 0, denying), request)).not.toBe("allowed");
    }),
    RUNS,
  );
});

test("the order of statements does not matter", () => {
  const shuffled = statements.chain((policy) =>
    fc.tuple(fc.constant(policy), fc.shuffledSubarray([...policy], { minLength: policy.length })),
  );
  fc.assert(
    fc.property(shuffled, context, ([policy, other], request) => {
      expect(verdict(other, request)).toBe(verdict(policy, request));
    }),
    RUNS,
  );
});

test("where the request has the key, IfExists and the set operators change nothing; where not, IfExists holds", () => {
  fc.assert(
    fc.property(one, context, ({ key, operator, values }, request) => {
      const isAllowed = (name: string): boolean =>
        verdict(
          [{ Effect: "Allow", Action: "*", Resource: "*", Condition: { [name]: { [key]: [...values] } } }],
          request,
        ) === "allowed";
      const plain = isAllowed(operator);
      if (key in request) {
        expect(isAllowed(`${operator}IfExists`)).toBe(plain);
        expect(isAllowed(`ForAllValues:${operator}`)).toBe(plain);
        expect(isAllowed(`ForAnyValue:${operator}`)).toBe(plain);
      } else {
        expect(isAllowed(`${operator}IfExists`)).toBe(true);
        expect(isAllowed(`ForAllValues:${operator}`)).toBe(true);
        expect(isAllowed(`ForAnyValue:${operator}`)).toBe(false);
        expect(plain, "negated operators hold where there is nothing").toBe(/Not/.test(operator));
      }
    }),
    RUNS,
  );
});

test("an operator and its negation never agree", () => {
  const opposite: Readonly<Record<string, string>> = {
    IpAddress: "NotIpAddress",
    StringEquals: "StringNotEquals",
    StringLike: "StringNotLike",
    DateEquals: "DateNotEquals",
    ArnLike: "ArnNotLike",
    ArnEquals: "ArnNotEquals",
  };
  fc.assert(
    fc.property(one, context, ({ key, operator, values }, request) => {
      const negation = opposite[operator];
      if (negation === undefined) return;
      const [first, second] = [operator, negation].map((name) =>
        verdict(
          [{ Effect: "Deny", Action: "*", Resource: "*", Condition: { [name]: { [key]: [...values] } } }],
          request,
        ),
      );
      expect(first).not.toBe(second);
    }),
    RUNS,
  );
});
