import { expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import type { LedgerEvent } from "./entry.ts";
import { attributesOf, productOf } from "./entry-attributes.ts";

const refused = (request: Readonly<Record<string, unknown>> | undefined): LedgerEvent => ({
  kind: "call-refused",
  code: "ThrottlingException",
  message: "",
  compared: {},
  ...(request === undefined ? {} : { request }),
});

test.each<[string, LedgerEvent, string | undefined]>([
  ["usage that was metered", { kind: "usage-metered", productCode: "p", records: [] }, "p"],
  ["usage by licences", { kind: "usage-metered", records: [] }, undefined],
  [
    "a customer who was resolved",
    { kind: "customer-resolved", agreementId: "a", customer: { productCode: "p", customerAccountId: "1" } },
    "p",
  ],
  ["a refusal of a request that named one", refused({ productCode: "p" }), "p"],
  ["a refusal of a request that named something else by that name", refused({ productCode: ["p"] }), undefined],
  ["a refusal of a request that named none", refused({}), undefined],
  ["a refusal of which no request is kept", refused(undefined), undefined],
  ["a dry run", { kind: "dry-run-passed", productCode: "p", resourceId: "r", request: {} }, "p"],
  ["a lookup that asked for one", { kind: "events-shown", request: { productCode: "p" }, count: 0 }, undefined],
])("the product that %s is about", (_what, event, product) => {
  expect(productOf(event)).toBe(product);
});

test("an entry is found by what its call says of who made it", () => {
  const call = { ...newCall(), accountId: "111122223333", accessKeyId: "AKIA1" };
  const { operation, principal, accountId, accessKeyId } = call;
  expect(attributesOf({ atMs: 0, call, event: refused({ productCode: "p" }) })).toEqual({
    operation,
    principal,
    accountId,
    accessKeyId,
    productCode: "p",
  });
});
