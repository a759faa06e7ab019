/** Flags that many commands share: which calls, whose usage, and of what time. One word for one thing, whatever the command. */
import { Option, type Command } from "commander";
import { timeArgument } from "./arguments.ts";

/** Which calls. */
export interface CallFlags {
  readonly operation?: string;
  readonly account?: string;
  readonly accessKey?: string;
  readonly product?: string;
}

export function withCalls(command: Command): Command {
  command
    .option("--operation <name>", "of this operation only, such as BatchMeterUsage")
    .option("--account <id>", "of callers of this account only")
    .option("--access-key <id>", "signed with this access key only")
    .option("--product <code>", "about this product only");
  return withFormerName(command, "--event <name>", "operation");
}

/** The members of a query that `withCalls` is for; routes call the operation differently. */
export function callsOf({ account, accessKey, product }: CallFlags): {
  readonly accountId: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly productCode: string | undefined;
} {
  return { accountId: account, accessKeyId: accessKey, productCode: product };
}

/** Whose usage of what. */
export interface UsageFlags {
  readonly product?: string;
  readonly customerAccount?: string;
  readonly dimension?: string;
}

export function withUsage(command: Command): Command {
  return command
    .option("--product <code>", "of this product only")
    .option("--customer-account <id>", "of this customer only, however records name him")
    .option("--dimension <name>", "of this dimension only");
}

export function usageOf({ product, customerAccount, dimension }: UsageFlags): {
  readonly productCode: string | undefined;
  readonly customerAccountId: string | undefined;
  readonly dimension: string | undefined;
} {
  return { productCode: product, customerAccountId: customerAccount, dimension };
}

export interface TimeFlags {
  readonly from?: string;
  readonly until?: string;
}

interface Times {
  readonly from: string;
  readonly until: string;
}

const OF_EVENTS: Times = { from: "from this time on", until: "only before this time" };
/** Records are of whole hours. */
export const OF_HOURS: Times = {
  from: "from the hour in which this time lies",
  until: "only hours that begin before this time",
};

export function withTimes(command: Command, { from, until }: Times = OF_EVENTS): Command {
  return command
    .addOption(new Option("--from <time>", from).argParser(timeArgument))
    .addOption(new Option("--until <time>", until).argParser(timeArgument));
}

/** A name that a flag had in an earlier version: it still sets the flag, and help shows it no more. */
export function withFormerName(command: Command, former: string, flag: string): Command {
  const option = new Option(former).hideHelp();
  const parse = command.options.find((one) => one.attributeName() === flag)?.parseArg;
  if (parse !== undefined) option.argParser(parse);
  command.addOption(option);
  // Comes after commander's own listener, which has read the value by then, or refused it.
  return command.on(`option:${option.name()}`, () => {
    command.setOptionValueWithSource(flag, command.getOptionValue(option.attributeName()), "cli");
  });
}
