/** Usage as a table of cells. */
import { HOUR_MS, iso, timeOf, type RuleSet } from "@countinghouse/protocol";
import { PROVISIONAL_HOURS } from "../../domain/resources/accrual.ts";
import { TooManySumsError } from "../../ledger/sums/sums.ts";
import { TooManyCellsError, usageCells } from "../../reports/used/usage-cells.ts";
import { usageMarks } from "../../reports/used/usage-marks.ts";
import type { OperatorContext } from "../context.ts";
import type { Usage, UsageMarks, usageRoutes } from "../contract/usage.ts";
import { USAGE_CELLS_MAX } from "../contract/values.ts";
import { ProblemError, unfit } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

/** A month by month look at more than this is a mistake. */
const MONTHS_MAX = 240;
const MONTH_HOURS_MAX = 744;
const HOUR_SECONDS = 3_600;

export function usageHandlers({ ledger, clock, ruleSet }: OperatorContext): Handlers<keyof typeof usageRoutes> {
  return {
    "GET /usage": async ({ query }): Promise<Usage> => {
      const { groupBy, from, to, ...asked } = query;
      const { fromHour, toHour } = hoursOf(from, to);
      if (groupBy.includes("month") && toHour - fromHour > MONTHS_MAX * MONTH_HOURS_MAX) {
        throw unfit([`to: must be at most ${MONTHS_MAX} months later than from, where usage is grouped by month`]);
      }
      const items = await usageCells(ledger, { ...asked, groupBy, fromHour, toHour }).catch((error: unknown) => {
        const isTooMany = error instanceof TooManyCellsError || error instanceof TooManySumsError;
        throw isTooMany ? tooMany(groupBy) : error;
      });
      const finalUntilMs = finalUntil(ruleSet, clock.nowMs());
      return { items, from: iso(fromHour * HOUR_MS), to: iso(toHour * HOUR_MS), finalUntil: iso(finalUntilMs) };
    },
    "GET /usage/marks": async ({ query: { from, to, grain, productCode } }): Promise<UsageMarks> => {
      const hours = hoursOf(from, to);
      const { items, completeFromMs } = await usageMarks(ledger, { ...hours, grain, productCode }).catch(
        (error: unknown) => {
          throw error instanceof TooManySumsError ? tooMany([grain]) : error;
        },
      );
      return {
        items: [...items],
        from: iso(hours.fromHour * HOUR_MS),
        to: iso(hours.toHour * HOUR_MS),
        completeFrom: iso(completeFromMs),
      };
    },
  };
}

function hoursOf(from: string, to: string): { readonly fromHour: number; readonly toHour: number } {
  if (timeOf(from) >= timeOf(to)) throw unfit(["to: must be later than from"]);
  return { fromHour: Math.floor(timeOf(from) / HOUR_MS), toHour: Math.ceil(timeOf(to) / HOUR_MS) };
}

/** The hour's edge before which nothing is accepted any more, and running time has been put into the ledger. */
function finalUntil({ batchMeterUsageWindow, meterUsageWindow }: RuleSet, nowMs: number): number {
  const windows = [batchMeterUsageWindow, meterUsageWindow].map(
    ({ ageSecondsLimit }) => ageSecondsLimit / HOUR_SECONDS,
  );
  return Math.floor(nowMs / HOUR_MS - Math.max(...windows, PROVISIONAL_HOURS)) * HOUR_MS;
}

const COARSER = { hour: "day", day: "month" } as const;

function tooMany(groupBy: readonly string[]): ProblemError {
  const grain = Object.entries(COARSER).find(([fine]) => groupBy.includes(fine));
  const remedy =
    grain === undefined
      ? `Group by less (region, dimension or customer left out), or ask for one productCode, customerAccountId or dimension.`
      : `Group by ${grain[1]} instead of ${grain[0]}, or ask for a shorter time.`;
  return new ProblemError(422, `The answer has more than ${USAGE_CELLS_MAX} cells. ${remedy}`);
}
