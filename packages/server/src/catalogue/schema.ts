/**
 * The schema of the catalogue file, and the JSON Schema of it that ships with the package. Its documents are those of the
 * operator API; in addition, conditions of policies must be ones that this server can decide.
 */
import { z } from "zod";
import { readCondition } from "../identity/policy-conditions.ts";
import { accountWith } from "../operator/contract/catalogue/account.ts";
import { agreementDocumentSchema } from "../operator/contract/catalogue/agreement.ts";
import { issuerSchema } from "../operator/contract/catalogue/issuer.ts";
import { conditionSchema } from "../operator/contract/catalogue/policy.ts";
import { productDocumentSchema } from "../operator/contract/catalogue/product.ts";

export const checkedConditionSchema = conditionSchema.superRefine((condition, context) => {
  for (const { path, message } of readCondition(condition).problems) {
    context.addIssue({ code: "custom", path: [...path], message });
  }
});

export const checkedAccountSchema = accountWith(checkedConditionSchema);

export const catalogueFileSchema = z
  .strictObject({
    accounts: z.array(checkedAccountSchema).default([]),
    issuers: z.array(issuerSchema).default([]),
    products: z.array(productDocumentSchema).default([]),
    agreements: z.array(agreementDocumentSchema).default([]),
  })
  .describe("A countinghouse catalogue: who sells what to whom.");

export type CatalogueDocument = z.infer<typeof catalogueFileSchema>;

export function catalogueJsonSchema(): object {
  return {
    ...z.toJSONSchema(catalogueFileSchema, { io: "input" }),
    title: "Countinghouse catalogue",
  };
}
