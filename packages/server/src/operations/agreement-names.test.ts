import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { agreementDocumentSchema } from "../operator/contract/catalogue/agreement.ts";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import { newAccountId, newAgreementId, newCustomerIdentifier, newLicenseArn } from "./agreement-names.ts";

test("names have the form that AWS gives them, and the catalogue takes them", () => {
  const names = {
    agreementId: newAgreementId(randomBytes),
    customerAccountId: newAccountId(randomBytes, new Catalogue()),
    customerIdentifier: newCustomerIdentifier(randomBytes),
    licenseArn: newLicenseArn(randomBytes),
  };
  expect(names.agreementId).toMatch(/^agmt-[a-z0-9]{25}$/);
  expect(names.customerAccountId).toMatch(/^[1-9]\d{11}$/);
  expect(names.customerIdentifier).toMatch(/^[A-Za-z0-9]{11}$/);
  expect(names.licenseArn).toMatch(/^arn:aws:license-manager::294406891311:license:l-[0-9a-f]{32}$/);
  const document = { ...names, productCode: "logs", startsAt: "2026-07-01T00:00:00Z" };
  expect(agreementDocumentSchema.safeParse(document).success).toBe(true);
});

test("a new account is never one that is there", () => {
  const id = newAccountId((bytes) => Buffer.alloc(bytes, 1), new Catalogue());
  const there = new Catalogue([{ kind: "account", id, value: { id, users: [], roles: [] } }]);
  let byte = 0;
  expect(newAccountId((bytes) => Buffer.alloc(bytes, (byte += 1)), there)).not.toBe(id);
});
