/** Moments in what the operator API takes and answers. */
import { z } from "@hono/zod-openapi";
import { moment } from "../catalogue/schema.ts";
import { TIME_EXPECTED } from "../domain/written-values.ts";

export const timestamp = moment(z.string(TIME_EXPECTED));
