import { HIDDEN } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import { maskedParameters, maskedText } from "./masks.ts";

const TOKEN = `${"c2VjcmV0".repeat(12)}==`;

test("a text without secrets is shown as it was written", () => {
  for (const text of ['{ "a" : [ 1, "b  c" ] }', '{"a":"\\"  \\"", "b": 1.50e3}', "[]", '"x"'])
    expect(maskedText(text)).toBe(text);
});

test.each([
  `{"RegistrationToken":"${TOKEN}"}`,
  `{"RegistrationToken":"${TOKEN}","RegistrationToken":null}`,
  `{"a":{"RegistrationToken":"${TOKEN}"},"a":1}`,
  `{"a":[{"\\u0052egistrationToken":"${TOKEN}"}],"a":[]}`,
  `{"RegistrationToken":"${TOKEN}"`,
])("no secret is shown of %s", (text) => {
  const shown = maskedText(text);
  expect(shown).not.toContain(TOKEN);
});

test("no secret is shown of JSON that only says that it is a form", () => {
  expect(maskedParameters(`{"RegistrationToken":"${TOKEN}"}`)).not.toContain(TOKEN);
  expect(maskedParameters(`{"a":1}&{"RegistrationToken":"${TOKEN.slice(0, -2)}"}`)).not.toContain(TOKEN.slice(0, -2));
  const arn = "arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fa-role-with-a-long-name";
  const form = `Action=AssumeRoleWithWebIdentity&RoleArn=${arn}&WebIdentityToken=${TOKEN}`;
  expect(maskedParameters(form)).toBe(`Action=AssumeRoleWithWebIdentity&RoleArn=${arn}&WebIdentityToken=${HIDDEN}`);
});
