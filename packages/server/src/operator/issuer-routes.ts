/** `/issuers`: whose web identity tokens are believed. They come from the catalogue file and are only shown here. */
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { issuerSchema } from "../catalogue/schema.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { pageOf, pageQuery, pageSchema } from "./page.ts";
import { problems } from "./problem.ts";

export function issuerRoutes(app: OpenAPIHono<OperatorEnv>, { ledger }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/issuers",
      tags: ["catalogue"],
      summary: "List issuers of web identity tokens",
      request: { query: pageQuery },
      responses: {
        200: {
          description: "A page of issuers",
          content: { "application/json": { schema: pageSchema(issuerSchema) } },
        },
        ...problems(400),
      },
    }),
    (c) => c.json(pageOf(ledger.catalogue.list("issuer"), c.req.valid("query")), 200),
  );
}
