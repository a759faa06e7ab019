/** Products, and the price of a dimension, set from an hour on. */
import { timeOf } from "@countinghouse/protocol";
import { productChangeOver, productDocument, productView } from "../../../catalogue/product-documents.ts";
import { invalidChange } from "../../../operations/change-catalogue.ts";
import { setPrice } from "../../../operations/set-price.ts";
import type { OperatorContext } from "../../context.ts";
import { productDocumentSchema, type productRoutes } from "../../contract/catalogue/product.ts";
import { ProblemError, refusalProblem } from "../../problem.ts";
import type { Handlers } from "../../serve-routes.ts";
import { hasText, kindHandlers } from "./kind.ts";

export function productHandlers({ ledger, clock }: OperatorContext): Handlers<keyof typeof productRoutes> {
  const { list, add, show, change } = kindHandlers(ledger, {
    noun: "product",
    schema: productDocumentSchema,
    idOf: ({ productCode }) => productCode,
    list: (catalogue) => catalogue.list("product").map((product) => productView(product, clock.nowMs())),
    show: (catalogue, id) => {
      const product = catalogue.product(id);
      return product && productView(product, clock.nowMs());
    },
    document: (catalogue, id) => {
      const product = catalogue.product(id);
      return product && productDocument(product);
    },
    changes: (document, catalogue, nowMs) => {
      const made = productChangeOver(document, catalogue.product(document.productCode), nowMs);
      return "message" in made ? invalidChange(made) : [made];
    },
  });
  return {
    "GET /products": ({ query }) => {
      const { seller, q } = query;
      return list(query, (product) => {
        const isSellers = seller === undefined || seller === product.seller;
        return isSellers && hasText(q, product.productCode, product.title);
      });
    },
    "POST /products": add,
    "GET /products/{id}": show,
    "PATCH /products/{id}": change,
    "POST /products/{id}/dimensions/{dimension}/prices": async ({ params, body: { price, effectiveFrom }, call }) => {
      const { id: productCode, dimension } = params;
      const fromMs = effectiveFrom === undefined ? undefined : timeOf(effectiveFrom);
      const refusal = await setPrice(ledger, call("SetPrice"), { productCode, dimension, price, fromMs });
      if (refusal !== undefined) throw refusalProblem(refusal);
      const product = ledger.catalogue.product(productCode);
      if (product === undefined) throw new ProblemError(404, `No product ${productCode}.`);
      return productView(product, clock.nowMs());
    },
  };
}
