/** Moments in what the operator API takes and answers. */
// First, since it gives schemas that are made after it what OpenAPI needs.
import "@hono/zod-openapi";
import { timestampSchema } from "../../catalogue/schema.ts";

export const timestamp = timestampSchema();
