/** `/products`: what sellers publish, its dimensions, and what they cost. */
import { HOUR_MS, readTime } from "@countinghouse/protocol";
import { z } from "zod";
import { quoted, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { accountId } from "./account.ts";
import { addRoute, changeRoute, listRoute, searchText, showRoute } from "./kind.ts";
import { name, namedOnce } from "./name.ts";

/** The rule for new prices in `domain/catalogue/value-problem.ts`; a test compares the two. */
const NEW_PRICE = /^\d{1,12}(?:\.\d{1,12})?$/;
/** One more than the number of changes that are kept of a dimension. */
const PRICES_MAX = 501;

const hourEdge = timestamp.refine(
  // True where a text is no time: another check complains about that.
  (text) => (readTime(text) ?? 0) % HOUR_MS === 0,
  "must be the first moment of an hour (UTC), such as 2027-01-01T00:00:00Z",
);

const price = quoted(/^\d+(\.\d+)?$/, "must be a decimal number, quoted").meta({ pattern: NEW_PRICE.source });

const priceStep = z.strictObject({
  price: price.nullable().describe("US dollars a unit; null for no price any more."),
  effectiveFrom: hourEdge
    .optional()
    .describe(
      "The time from which the price holds. Only the first price of a list may leave it out: it holds from the beginning, or from the next hour on.",
    ),
});

function inOrderOfTime(steps: readonly { readonly effectiveFrom?: string | undefined }[]): boolean {
  const fromMs = steps.map(({ effectiveFrom }) => (effectiveFrom === undefined ? undefined : readTime(effectiveFrom)));
  return fromMs.every(
    (atMs, i) => i === 0 || (atMs !== undefined && !(atMs <= (fromMs[i - 1] ?? Number.NEGATIVE_INFINITY))),
  );
}

const dimension = z.strictObject({
  name: name(255),
  description: name(1_000).optional(),
  unit: name(100).optional().describe("The name of one unit. A changed name appears in reports from the next hour on."),
  price: price
    .optional()
    .describe(
      "US dollars a unit, at most 12 digits before the point and 12 after; one that changes holds from the coming hour on.",
    ),
  prices: z
    .array(priceStep)
    .min(1)
    .max(PRICES_MAX)
    .refine(inOrderOfTime, "must be in the order of effectiveFrom, which only the first can be without")
    .optional()
    .describe("Prices in time, instead of price. Those of hours that have begun cannot change, and can be left out."),
  kind: z
    .enum(["metered", "entitled", "hours"])
    .default("metered")
    .describe(
      "hours: what an hourly, free or BYOL container product is reported by; each of them has one such dimension.",
    ),
});

export const productDocumentSchema = z
  .strictObject({
    productCode: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[-a-zA-Z0-9/=:_.@]*$/, "may hold letters, digits and -/=:_.@"),
    title: name(255),
    seller: accountId,
    type: z.enum(["saas", "ami", "container"]),
    pricing: z.enum(["usage", "hourly", "contract", "contract-with-usage", "free", "byol"]),
    fulfilmentUrl: z.url({ protocol: /^https?$/ }).optional(),
    dimensions: z.array(dimension).max(200).default([]),
  })
  .refine(({ dimensions }) => namedOnce(dimensions), {
    path: ["dimensions"],
    message: "must not name a dimension twice",
  });

export const productSchema = productDocumentSchema
  .safeExtend({
    dimensions: z
      .array(dimension)
      .describe(
        "Each with its price in force now; and with its prices in time, where it has, had or will have others.",
      ),
    droppedDimensions: z
      .array(dimension.safeExtend({ droppedAt: timestamp }))
      .optional()
      .describe("Dimensions that were removed from the product. Reports still show what was metered of them."),
  })
  .meta({ id: "Product" });

/** A product as a catalogue file or a request body gives it. */
export type ProductDocument = z.output<typeof productDocumentSchema>;
/** A product as it is shown: each dimension with the price in force, and with all prices where there are more. */
export type Product = Frozen<z.output<typeof productSchema>>;
export type Dimension = Frozen<z.output<typeof dimension>>;
export type Price = Frozen<z.output<typeof priceStep>>;

export const productRoutes = {
  "GET /products": listRoute("product", productSchema, {
    seller: z.string().max(64).optional().describe("Only those of this account."),
    q: searchText,
  }),
  "POST /products": addRoute("product", productDocumentSchema, productSchema),
  "GET /products/{id}": showRoute("product", productSchema),
  "PATCH /products/{id}": changeRoute("product", productSchema),
  "POST /products/{id}/dimensions/{dimension}/prices": {
    tag: "catalogue",
    command: "product set-price",
    summary: "Set the price of a dimension from an hour on",
    description:
      "From the coming hour of the service clock, or from effectiveFrom: the first moment of a later hour. Prices that were to hold later are withdrawn. What has been used by then, and is used until then, is reported at the price of its hour.",
    body: z.strictObject({ price, effectiveFrom: hourEdge.optional() }),
    answer: { status: 200, description: "The product", json: productSchema },
    problems: [404],
  },
} as const satisfies Routes;
