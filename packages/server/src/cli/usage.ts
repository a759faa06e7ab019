/** `countinghouse usage`: what was used, added up. */
import { InvalidArgumentError, type Command } from "commander";
import type { RequestTo } from "../operator/client/requests.ts";
import type { UsageCell } from "../operator/contract/usage.ts";
import { USAGE_GROUPS } from "../operator/contract/values.ts";
import { addedUp } from "./added-up.ts";
import { timeArgument } from "./arguments.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print, table, type Columns } from "./output.ts";

type Group = (typeof USAGE_GROUPS)[number];

const GROUPS_DEFAULT: readonly Group[] = ["product", "customer", "dimension"];

interface UsageFlags extends ConnectionFlags {
  readonly by: readonly Group[];
  readonly money?: boolean;
  readonly product?: string;
  readonly customerAccount?: string;
  readonly dimension?: string;
  readonly from: string;
  readonly to: string;
}

export function addUsage(program: Command): void {
  const usage = program
    .command("usage")
    .description("What the ledger holds of usage, added up")
    .requiredOption("--from <time>", "from the hour in which this time lies", timeArgument)
    .requiredOption("--to <time>", "only hours that begin before this time", timeArgument)
    .option("--by <groups>", `a comma list of ${USAGE_GROUPS.join(", ")}`, groupsArgument, GROUPS_DEFAULT)
    .option("--money", "what it is worth, too")
    .option("--product <code>", "of this product only")
    .option("--customer-account <id>", "of this customer only, however records name him")
    .option("--dimension <name>", "of this dimension only");
  withConnection(usage).action(async (flags: UsageFlags) => {
    const { by: groupBy, money, product, customerAccount, dimension, from, to } = flags;
    const query: RequestTo<"GET /usage">["query"] = {
      groupBy,
      measure: money === true ? "money" : "units",
      productCode: product,
      customerAccountId: customerAccount,
      dimension,
      from,
      to,
    };
    const client = connect(flags);
    const answer = await addedUp(flags, (signal) => client.call("GET /usage", { query, signal }));
    print(flags, answer, table(columnsOf(groupBy, money === true), answer.items));
  });
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
