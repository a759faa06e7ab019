/** `/agreements`: which customer has which product, from when until when, and what has happened to the agreement. */
import { readTime } from "@countinghouse/protocol";
import { z } from "zod";
import { timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { accountId } from "./account.ts";
import { addRoute, changeRoute, listRoute, searchText, showRoute } from "./kind.ts";
import { name } from "./name.ts";

/** True where a text is no time: another check complains about that. */
function isAfter(later: string | undefined, earlier: string): boolean {
  const [laterMs, earlierMs] = [readTime(later ?? ""), readTime(earlier)];
  return laterMs === undefined || earlierMs === undefined || laterMs > earlierMs;
}

export const agreementDocumentSchema = z
  .strictObject({
    agreementId: name(255),
    productCode: z.string().min(1),
    customerAccountId: accountId,
    customerIdentifier: name(255).optional().describe("Left out for products of the new style."),
    licenseArn: z
      .string()
      .regex(
        /^arn:aws[a-zA-Z-]*:license-manager:[a-z0-9-]*:\d{0,12}:license[:/][A-Za-z0-9_/.-]+$/,
        "must be a licence ARN",
      )
      .optional(),
    replaces: name(255)
      .optional()
      .describe("The agreement that this one goes on with, under names of its own, from startsAt on."),
    startsAt: timestamp
      .optional()
      .describe("May be left out where it replaces another: then the next hour's edge more than 15 minutes ahead."),
    endsAt: timestamp.optional(),
    freeTrial: z.boolean().optional(),
    entitlements: z
      .array(
        z.strictObject({
          dimension: name(255),
          value: z.union([z.number(), z.boolean(), z.string()], "must be a number, a boolean or a text"),
          expiresAt: timestamp.optional(),
        }),
      )
      .default([]),
  })
  .refine(({ startsAt, replaces }) => startsAt !== undefined || replaces !== undefined, {
    path: ["startsAt"],
    message: "is required, unless it replaces another agreement",
  })
  .refine(({ startsAt, endsAt }) => startsAt === undefined || isAfter(endsAt, startsAt), {
    path: ["endsAt"],
    message: "must lie after startsAt",
  })
  .refine(({ entitlements }) => new Set(entitlements.map(({ dimension }) => dimension)).size === entitlements.length, {
    path: ["entitlements"],
    message: "must not name a dimension twice",
  });

const agreementStatus = z.enum(["pending", "active", "suspended", "cancelled", "expired"]);

export const agreementSchema = agreementDocumentSchema
  .safeExtend({
    startsAt: timestamp,
    status: agreementStatus,
    cancelledAt: timestamp.optional().describe("Final records are accepted for an hour from here."),
    suspendedAt: timestamp.optional(),
    replacedBy: z.string().optional().describe("The agreement that goes on with it, from its end on."),
  })
  .meta({ id: "Agreement" });

/** An agreement as a catalogue file or a request body gives it. */
export type AgreementDocument = z.output<typeof agreementDocumentSchema>;
/** An agreement as it is shown: its terms, and what has happened to it. */
export type Agreement = Frozen<z.output<typeof agreementSchema>>;

// oxlint-disable-next-line typescript/explicit-function-return-type -- the route's type carries its schemas
function actionRoute(action: string, summary: string) {
  return {
    tag: "catalogue",
    command: `agreement ${action}`,
    summary,
    answer: { status: 200, description: "The agreement", json: agreementSchema },
    problems: [404, 409],
  } as const;
}

export const agreementRoutes = {
  "GET /agreements": listRoute("agreement", agreementSchema, {
    productCode: z.string().max(255).optional(),
    customerAccountId: z.string().max(64).optional(),
    state: agreementStatus.optional().describe("As `status` tells it."),
    q: searchText,
  }),
  "POST /agreements": addRoute("agreement", agreementDocumentSchema, agreementSchema),
  "GET /agreements/{id}": showRoute("agreement", agreementSchema),
  "PATCH /agreements/{id}": changeRoute("agreement", agreementSchema),
  "POST /agreements/{id}/cancel": actionRoute(
    "cancel",
    "Cancel an agreement, for good: final records are accepted for one hour of the service clock",
  ),
  "POST /agreements/{id}/suspend": actionRoute(
    "suspend",
    "Suspend an agreement: the customer's records are CustomerNotSubscribed until it is resumed",
  ),
  "POST /agreements/{id}/resume": actionRoute("resume", "Resume a suspended agreement"),
} as const satisfies Routes;
