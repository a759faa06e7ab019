import { expect, test } from "vitest";
import { getEntitlements } from "../operations/get-entitlements.ts";
import { operations } from "../operations/operations.ts";
import { resolveCustomer } from "../operations/resolve-customer.ts";
import type { Shape } from "../shapes.ts";
import { HIDDEN, withoutSecretsOf } from "./without-secrets.ts";

test("tokens are hidden, the rest stays as it is", () => {
  expect(withoutSecretsOf(resolveCustomer.input)({ registrationToken: "secret" })).toEqual({
    registrationToken: HIDDEN,
  });
  const query = { productCode: "p", nextToken: "secret", maxResults: 3 };
  expect(withoutSecretsOf(getEntitlements.input)(query)).toEqual({ ...query, nextToken: HIDDEN });
  expect(query.nextToken).toBe("secret");
  expect(withoutSecretsOf(getEntitlements.input)({ productCode: "p" })).toEqual({ productCode: "p" });
});

test("no operation has a token deeper in its request than where it is looked for", () => {
  const deep = (shape: Shape): boolean => {
    if (shape.kind === "string") return shape.sensitive === true;
    if (shape.kind === "list") return deep(shape.member);
    if (shape.kind === "map") return deep(shape.value);
    return (
      shape.kind === "structure" && Object.values<{ shape: Shape }>(shape.members).some((member) => deep(member.shape))
    );
  };
  for (const { input } of operations) {
    const members: { shape: Shape }[] = Object.values(input.members);
    expect(members.filter(({ shape }) => shape.kind !== "string" && deep(shape))).toEqual([]);
  }
});
