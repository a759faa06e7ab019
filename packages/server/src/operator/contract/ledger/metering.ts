/** `/registration-tokens` and `/metering-records`. */
import { z } from "zod";
import { pageSchema, pageQuery, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";

export const usageAllocations = z.array(
  z.object({
    allocatedUsageQuantity: z.int(),
    tags: z.array(z.object({ key: z.string(), value: z.string() })).optional(),
  }),
);

const meteringRecordSchema = z
  .object({
    meteringRecordId: z.string(),
    productCode: z.string(),
    licenseArn: z.string().optional(),
    customerIdentifier: z.string().optional(),
    customerAccountId: z.string().optional(),
    dimension: z.string(),
    quantity: z.int(),
    resourceId: z.string().optional().describe("Whose use it is; left out where a seller metered it."),
    accrued: z
      .literal(true)
      .optional()
      .describe("Running time that the control plane metered: the quantity is seconds, of adjustments below zero too."),
    hour: timestamp.describe("The hour in which the record is unique."),
    timestamp: timestamp.describe("The time of the usage, as sent."),
    region: z.string(),
    recordedAt: timestamp.describe("Service clock when it was kept."),
    requestId: z.string(),
    usageAllocations: usageAllocations.optional(),
  })
  .meta({ id: "MeteringRecord" });

/** Accepted usage, once for each key, as it is listed. */
export type MeteringRecord = Frozen<z.output<typeof meteringRecordSchema>>;

export const meteringRoutes = {
  "POST /registration-tokens": {
    tag: "metering",
    command: "token create",
    summary: "A registration token for an agreement, as a buyer's browser would bring it to the seller",
    body: z.strictObject({ agreementId: z.string() }),
    answer: {
      status: 201,
      description: "The token",
      json: z.object({ registrationToken: z.string(), expiresAt: timestamp }),
    },
    problems: [404],
  },
  "GET /metering-records": {
    tag: "metering",
    command: "records list",
    summary: "What the ledger holds, by hour",
    description: "A page may come out short, with a cursor, where much had to be looked through.",
    query: pageQuery.extend({
      productCode: z.string().optional(),
      customerAccountId: z.string().optional(),
      dimension: z.string().optional(),
      from: timestamp.optional().describe("The hour this lies in is the first one."),
      to: timestamp.optional().describe("Hours that begin before this are included."),
    }),
    answer: { status: 200, description: "A page of metering records", json: pageSchema(meteringRecordSchema) },
    problems: [400],
  },
} as const satisfies Routes;
