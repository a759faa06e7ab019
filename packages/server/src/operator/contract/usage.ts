/** `/usage`: what was used, as a table of cells. */
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";
import { USAGE_CELLS_MAX, USAGE_GROUPS, USAGE_MARK_GRAINS, USAGE_TIME_GRAINS } from "./values.ts";

const NAMES = USAGE_GROUPS.join(", ");
const GROUPS_EXPECTED = `must be a comma list of ${NAMES}, each once, with at most one of ${USAGE_TIME_GRAINS.join(", ")}`;

type UsageGroup = (typeof USAGE_GROUPS)[number];

const groupBy = z
  .string(GROUPS_EXPECTED)
  .transform((text, refinement): readonly UsageGroup[] => {
    const groups = text === "" ? [] : text.split(",");
    const known = USAGE_GROUPS.filter((group) => groups.includes(group));
    const grains = USAGE_TIME_GRAINS.filter((grain) => groups.includes(grain));
    if (known.length === groups.length && grains.length <= 1) return groups as UsageGroup[];
    refinement.addIssue({ code: "custom", message: GROUPS_EXPECTED });
    return z.NEVER;
  })
  .meta({ type: "string" });

const group = z.string().optional();

const usageCellSchema = z.object({
  product: group.describe("The product code."),
  customer: group.describe("The customer's account; the identifier where no account is known."),
  dimension: group,
  region: group,
  hour: group.describe("The hour's first moment."),
  day: group.describe("Such as 2026-03-14 (UTC)."),
  month: group.describe("Such as 2026-03 (UTC)."),
  units: z.string().describe("Decimals: counted units, and the hours of running time."),
  money: z
    .string()
    .optional()
    .describe("US dollars in decimals, rounded once to eight places; left out where nothing of it has a price."),
});

const usageSchema = z
  .object({
    items: z.array(usageCellSchema),
    from: timestamp.describe("The first hour that is included."),
    to: timestamp.describe("The hours before this are included."),
    finalUntil: timestamp.describe(
      "Of hours before this, no usage is accepted any more. Adjustments of running time may still come.",
    ),
  })
  .meta({ id: "Usage" });

/** What was used, cell by cell. */
export type Usage = Frozen<z.output<typeof usageSchema>>;
export type UsageCell = Frozen<z.output<typeof usageCellSchema>>;

const usageMarkSchema = z.object({
  product: z.string().describe("The product code."),
  customer: z.string().describe("The customer's account; the identifier where no account is known."),
  dimension: z.string(),
  hour: group.describe("The hour's first moment."),
  day: group.describe("Such as 2026-03-14 (UTC)."),
  duplicates: z.int().optional().describe("Records that were refused, since another stands under their key."),
  refused: z
    .int()
    .optional()
    .describe("Records that were refused otherwise, and of which none was accepted afterwards."),
  adjusted: z.literal(true).optional().describe("Running time of it was changed after it had been written."),
});

const usageMarksSchema = z
  .object({
    items: z.array(usageMarkSchema),
    from: timestamp.describe("The first hour that is included."),
    to: timestamp.describe("The hours before this are included."),
    completeFrom: timestamp
      .optional()
      .describe("Present where there are too many calls: of those before this time, refusals were not looked at."),
  })
  .meta({ id: "UsageMarks" });

/** What of the usage did not go as its sender meant it. */
export type UsageMarks = Frozen<z.output<typeof usageMarksSchema>>;
export type UsageMark = Frozen<z.output<typeof usageMarkSchema>>;

export const usageRoutes = {
  "GET /usage": {
    tag: "metering",
    command: "usage",
    summary: "What the ledger holds of usage, added up",
    description: `A cell for each combination of what is grouped by; where nothing was used there is none. Everything that was committed before the question is in it; running time that is not in the ledger yet is not. More than ${USAGE_CELLS_MAX} cells are refused with 422, which names a coarser grain.`,
    query: z.object({
      groupBy: groupBy
        .default([])
        .describe(`${NAMES}: a comma list, with at most one grain of time. Left out: one cell.`),
      measure: z.enum(["units", "money"]).default("units").describe("With money, cells say what they are worth, too."),
      productCode: z.string().optional(),
      customerAccountId: z.string().optional().describe("However records name the customer."),
      dimension: z.string().optional(),
      from: timestamp.describe("The hour this lies in is the first one."),
      to: timestamp.describe("Hours that begin before this are included."),
    }),
    answer: { status: 200, description: "The cells", json: usageSchema },
    problems: [],
  },
  "GET /usage/marks": {
    tag: "metering",
    showsTrail: true,
    command: "usage",
    summary: "Hours or days of which usage was refused, came again otherwise, or was adjusted",
    description:
      "Of dimensions of the product, and of customers who have, or had, an agreement for it; by the time of the usage, not of the call. Refusals are those of the newest 10,000 metering calls from the beginning of that time until 48 hours after its end; batches count for their sellers only, and dry runs not at all.",
    query: z.object({
      grain: z.enum(USAGE_MARK_GRAINS).default("day"),
      productCode: z.string().optional(),
      from: timestamp.describe("The hour this lies in is the first one."),
      to: timestamp.describe("Hours that begin before this are included."),
    }),
    answer: { status: 200, description: "The marks", json: usageMarksSchema },
    problems: [],
  },
} as const satisfies Routes;
