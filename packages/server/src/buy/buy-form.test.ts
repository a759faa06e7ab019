import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { sealerOf } from "../identity/seal.ts";
import { openForm, sealForm } from "./buy-form.ts";

const sealer = sealerOf(randomBytes(32), randomBytes);
const FORM = { productCode: "logs", agreementId: "agmt-1", newAccountId: "123456789012" };

test("a form is opened as it was sealed", () => {
  expect(openForm(sealer, sealForm(sealer, FORM), "logs")).toEqual(FORM);
});

test("one for another product, of another server, or that is none, is not opened", () => {
  expect(openForm(sealer, sealForm(sealer, FORM), "traces")).toBeUndefined();
  expect(openForm(sealerOf(randomBytes(32), randomBytes), sealForm(sealer, FORM), "logs")).toBeUndefined();
  const registrationToken = sealer.seal(JSON.stringify(["logs", "agmt-1", "123456789012"]), "registration-token");
  for (const text of ["", "x", "💥", "A".repeat(200), registrationToken.toString("base64url")]) {
    expect(openForm(sealer, text, "logs")).toBeUndefined();
  }
});
