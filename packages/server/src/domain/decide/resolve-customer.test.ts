import { describe, expect, test } from "vitest";
import {
  ANNAS_ACCOUNT,
  IMAGE,
  LOGS,
  NOW_MS,
  OTHER_SELLER,
  SELLER,
  agreement,
  licence,
  market,
} from "../../../testing/market.ts";
import { decideResolveCustomer, type ResolveCustomerDecision } from "./resolve-customer.ts";

interface Asked {
  readonly agreementId?: string;
  readonly expiresAtMs?: number;
  readonly callerAccountId?: string;
}

const catalogue = market([
  agreement("anna-logs"),
  agreement("newer", { customerIdentifier: undefined }),
  agreement("without-licence", { licenseArn: undefined }),
  agreement("image", { productCode: IMAGE }),
]);

function resolve(asked: Asked): ResolveCustomerDecision {
  const { agreementId = "anna-logs", expiresAtMs = NOW_MS + 1, callerAccountId = SELLER } = asked;
  const claims = { agreementId, expiresAtMs };
  return decideResolveCustomer({ callerAccountId, claims }, { catalogue, nowMs: NOW_MS });
}

const anna = { productCode: LOGS, customerAccountId: ANNAS_ACCOUNT };

describe("a registration token resolves", () => {
  test("to the customer of its agreement, until the millisecond before it expires (Rule T1)", () => {
    const output = { ...anna, customerIdentifier: "anna", licenseArn: licence("anna-logs") };
    expect(resolve({})).toEqual({ agreementId: "anna-logs", output });
    expect(resolve({})).toEqual(resolve({}));
  });

  test("without the members that the agreement has not", () => {
    expect(resolve({ agreementId: "newer" })).toStrictEqual({
      agreementId: "newer",
      output: { ...anna, licenseArn: licence("newer") },
    });
    expect(resolve({ agreementId: "without-licence" })).toStrictEqual({
      agreementId: "without-licence",
      output: { ...anna, customerIdentifier: "anna" },
    });
  });
});

describe("a registration token is refused", () => {
  const table: readonly [string, string, string, Asked, object][] = [
    ["T1", "ExpiredTokenException", "at the millisecond it expires", { expiresAtMs: NOW_MS },
      { expiredAt: "2026-07-14T12:30:00.000Z", now: "2026-07-14T12:30:00.000Z" }],
    ["T2", "InvalidTokenException", "where its agreement is no more", { agreementId: "none" }, {}],
    ["T3", "InvalidTokenException", "to any account but the publisher's", { callerAccountId: OTHER_SELLER },
      { callerAccountId: OTHER_SELLER }],
    ["T3", "InvalidTokenException", "to the customer itself", { callerAccountId: ANNAS_ACCOUNT },
      { callerAccountId: ANNAS_ACCOUNT }],
    ["T3", "InvalidTokenException", "to others without saying that it has expired", { callerAccountId: OTHER_SELLER, expiresAtMs: 0 },
      { callerAccountId: OTHER_SELLER }],
    ["P2", "InvalidTokenException", "where its product is not SaaS", { agreementId: "image" }, { type: "ami" }],
  ]; // prettier-ignore
  test.each(table.map(([rule, code, what, asked, compared]) => ({ rule, code, what, asked, compared })))(
    "$what (Rule $rule)",
    ({ rule, code, asked, compared }) => {
      const { rejected } = resolve(asked);
      expect(rejected).toMatchObject({ rule, code });
      expect(rejected?.compared).toEqual(compared);
    },
  );

  test("where it is not one of ours (Rule T2)", () => {
    const request = { callerAccountId: SELLER, claims: undefined };
    expect(decideResolveCustomer(request, { catalogue, nowMs: NOW_MS }).rejected).toMatchObject({
      rule: "T2",
      code: "InvalidTokenException",
    });
  });
});
