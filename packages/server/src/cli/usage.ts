/** `countinghouse usage`: what was used, added up. */
import { InvalidArgumentError, type Command } from "commander";
import type { RequestTo } from "../operator/client/requests.ts";
import type { UsageCell, UsageMark } from "../operator/contract/usage.ts";
import { USAGE_GROUPS } from "../operator/contract/values.ts";
import { addedUp } from "./added-up.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { OF_HOURS, usageOf, withFormerName, withTimes, withUsage, type UsageFlags } from "./filter-flags.ts";
import { print, table, type Columns } from "./output.ts";
import { withinMonth } from "./this-month.ts";

type Group = (typeof USAGE_GROUPS)[number];

const GROUPS_DEFAULT: readonly Group[] = ["product", "customer", "dimension"];

interface SumFlags extends ConnectionFlags, UsageFlags {
  readonly by: readonly Group[];
  readonly money?: boolean;
  readonly marks?: boolean;
  readonly from?: string;
  readonly until?: string;
}

export function addUsage(program: Command): void {
  const usage = program.command("usage").description("What the ledger holds of usage, added up");
  withTimes(usage, {
    from: `${OF_HOURS.from} (default: the month's beginning, by the service clock)`,
    until: `${OF_HOURS.until} (default: now)`,
  })
    .option("--by <groups>", `a comma list of ${USAGE_GROUPS.join(", ")}`, groupsArgument, GROUPS_DEFAULT)
    .option("--money", "what it is worth, too")
    .option(
      "--marks",
      "instead: what was refused, came again otherwise, or was adjusted, by day, or by hour (--by hour)",
    );
  withFormerName(withUsage(usage), "--to <time>", "until");
  withConnection(usage).action(async (flags: SumFlags) => {
    const { by: groupBy, money } = flags;
    const client = connect(flags);
    const { from, to } = await withinMonth(client, flags);
    const query: RequestTo<"GET /usage">["query"] = {
      groupBy,
      measure: money === true ? "money" : "units",
      ...usageOf(flags),
      from,
      to,
    };
    if (flags.marks === true) {
      const grain = groupBy.includes("hour") ? "hour" : "day";
      const marks = await addedUp(flags, (signal) =>
        client.call("GET /usage/marks", { query: { grain, productCode: flags.product, from, to }, signal }),
      );
      print(flags, marks, table(markColumns(grain), marks.items));
      if (marks.completeFrom === undefined) return;
      process.stderr.write(`There are too many calls: refusals before ${marks.completeFrom} were not looked at.\n`);
      return;
    }
    const answer = await addedUp(flags, (signal) => client.call("GET /usage", { query, signal }));
    print(flags, answer, table(columnsOf(groupBy, money === true), answer.items));
  });
}

function markColumns(grain: "hour" | "day"): Columns<UsageMark> {
  return {
    product: ({ product }) => product,
    customer: ({ customer }) => customer,
    dimension: ({ dimension }) => dimension,
    [grain]: (mark: UsageMark) => mark[grain],
    duplicates: ({ duplicates }) => duplicates,
    refused: ({ refused }) => refused,
    adjusted: ({ adjusted }) => (adjusted === true ? "yes" : undefined),
  };
}

function columnsOf(groupBy: readonly Group[], money: boolean): Columns<UsageCell> {
  const groups = groupBy.map((name): [string, (cell: UsageCell) => unknown] => [name, (cell) => cell[name]]);
  const amounts: Columns<UsageCell> = {
    units: ({ units }) => units,
    ...(money ? { money: (cell) => cell.money } : {}),
  };
  return { ...Object.fromEntries(groups), ...amounts };
}

function groupsArgument(text: string): readonly Group[] {
  const groups = text === "" ? [] : text.split(",");
  const known = groups.flatMap((name) => USAGE_GROUPS.filter((group) => group === name));
  if (known.length === groups.length) return known;
  throw new InvalidArgumentError(`It must be a comma list of ${USAGE_GROUPS.join(", ")}.`);
}
