/** Products as they are shown, and the price of a dimension, set from an hour on. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { productView, type ProductView } from "../catalogue/product-documents.ts";
import { dimensionSchema, hourEdgeSchema, priceSchema, productSchema } from "../catalogue/schema.ts";
import { timeOf } from "../domain/written-values.ts";
import { setPrice } from "../operations/set-price.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { ProblemError, bodyProblems, refusalProblem } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

export const productViewSchema: z.ZodType<ProductView> = productSchema
  .safeExtend({
    dimensions: z
      .array(dimensionSchema)
      .describe(
        "Each with its price in force now; and with its prices in time, where it has, had or will have others.",
      ),
    droppedDimensions: z
      .array(dimensionSchema.safeExtend({ droppedAt: timestamp }))
      .optional()
      .describe("Those that the product has no more. What was metered of them stays reported."),
  })
  .openapi("Product");

export function productRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/products/{id}/dimensions/{dimension}/prices",
      tags: ["catalogue"],
      summary: "Set the price of a dimension from an hour on",
      description:
        "From the coming hour of the service clock, or from effectiveFrom: the first moment of a later hour. Prices that were to hold later are withdrawn. What has been used by then, and is used until then, is reported at the price of its hour.",
      request: {
        params: z.object({ id: z.string(), dimension: z.string() }),
        body: {
          required: true,
          content: {
            "application/json": {
              schema: z.strictObject({ price: priceSchema, effectiveFrom: hourEdgeSchema.optional() }),
            },
          },
        },
      },
      responses: {
        200: { description: "The product", content: { "application/json": { schema: productViewSchema } } },
        ...bodyProblems(404),
      },
    }),
    async (c) => {
      const { id: productCode, dimension } = c.req.valid("param");
      const { price, effectiveFrom } = c.req.valid("json");
      const fromMs = effectiveFrom === undefined ? undefined : timeOf(effectiveFrom);
      const refusal = await setPrice(ledger, c.var.call("SetPrice"), { productCode, dimension, price, fromMs });
      if (refusal !== undefined) throw refusalProblem(refusal);
      const product = ledger.catalogue.product(productCode);
      if (product === undefined) throw new ProblemError(404, `No product ${productCode}.`);
      return c.json(productView(product, clock.nowMs()), 200);
    },
  );
}
