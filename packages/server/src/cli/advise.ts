/** `countinghouse advise`: what sellers' programs do wrong, though each of their calls may have succeeded. */
import type { Command } from "commander";
import type { AdviceAnswer } from "../operator/contract/ledger/advice.ts";
import { EVIDENCE_DEFAULT, EVIDENCE_MAX, type EVENT_ORDERS } from "../operator/contract/values.ts";
import { adviceText } from "./advice-text.ts";
import { countArgument } from "./arguments.ts";
import { CommandError, connect, EXIT, withConnection, type ConnectionFlags } from "./connection.ts";
import { withTimes, type TimeFlags } from "./filter-flags.ts";
import { print } from "./output.ts";

type Order = (typeof EVENT_ORDERS)[number];

interface AdviseFlags extends ConnectionFlags, TimeFlags {
  readonly account?: string;
  readonly product?: string;
  readonly newest?: boolean;
  readonly evidence?: number;
  readonly check?: boolean;
}

export function addAdvise(program: Command): void {
  const command = program
    .command("advise")
    .description("Say what sellers' programs do wrong, with the requests that show it")
    .option("--account <id>", "of this seller only")
    .option("--product <code>", "about this product only")
    .option("--newest", "show the newest evidence first, not the oldest")
    .option(
      "--evidence <number>",
      `how much of it to show of each mistake (default: ${EVIDENCE_DEFAULT})`,
      countArgument(EVIDENCE_MAX),
    )
    .option("--check", "end with exit code 1 where there is anything to say");
  withTimes(command, {
    from: "from this time on (default: seven days before the end)",
    until: "only before this time (default: now)",
  });
  withConnection(command).action(async (flags: AdviseFlags) => {
    const { account, product, from, until, newest, evidence, check } = flags;
    const order: Order | undefined = newest === true ? "newest" : undefined;
    const query = { accountId: account, productCode: product, from, to: until, order, evidence };
    const advice = await connect(flags).call("GET /advice", { query });
    print(flags, advice, textOf(advice));
    if (advice.completeFrom !== undefined) {
      process.stderr.write(`There are too many calls: those before ${advice.completeFrom} were not looked at.\n`);
    }
    const { length } = advice.items;
    if (check === true && length > 0) {
      throw new CommandError(length === 1 ? "There is one mistake." : `There are ${length} mistakes.`, EXIT.refused);
    }
  });
}

function textOf({ items, from, to, entriesRead }: AdviceAnswer): string {
  const read = `${entriesRead} calls and changes from ${from} to ${to} were looked at.`;
  if (items.length === 0) return `Nothing to say. ${read}`;
  return [...items.map(adviceText), read].join("\n\n");
}
