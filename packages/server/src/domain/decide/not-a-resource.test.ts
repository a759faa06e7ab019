import { expect, test } from "vitest";
import { decideMeterUsage } from "./meter-usage.ts";
import { decideRegisterUsage } from "./register-usage.ts";

test("MeterUsage is not for callers that are not metered resources (Rule X1)", () => {
  expect(decideMeterUsage("logs")).toMatchObject({
    code: "CustomerNotEntitledException",
    rule: "X1",
    compared: { productCode: "logs" },
  });
});

test("RegisterUsage is not for callers that are neither task nor pod (Rule X2)", () => {
  expect(decideRegisterUsage("logs")).toMatchObject({
    code: "PlatformNotSupportedException",
    rule: "X2",
    compared: { productCode: "logs" },
  });
});
