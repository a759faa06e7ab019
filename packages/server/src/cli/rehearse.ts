/** `countinghouse rehearse`: a listing, from the buyer's subscription to the month's end, before AWS sees it. */
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { countArgument } from "./arguments.ts";
import { CommandError, connect, EXIT, withConnection, type ConnectionFlags } from "./connection.ts";
import { endOfInterest } from "./end-of-interest.ts";
import { SIGNALS } from "./long-work.ts";
import { print } from "./output.ts";
import { MarketSide, type Buyer } from "./rehearse/market-side.ts";
import { rehearse } from "./rehearse/rehearse.ts";
import { rehearsalJunit, rehearsalText } from "./rehearse/report.ts";
import type { Rehearsal, Step } from "./rehearse/step.ts";

interface RehearseFlags extends ConnectionFlags {
  readonly product: string;
  readonly landing?: string;
  readonly hours: number;
  readonly meter?: string;
  readonly wait: number;
  readonly junit?: string;
  readonly strict?: boolean;
}

const HOURS_MAX = 720;
const WAIT_SECONDS_MAX = 600;
const ACCOUNTS = 10 ** 12;

export function addRehearse(program: Command): void {
  const command = program
    .command("rehearse")
    .description(
      "Rehearse a listing in a lab: subscribe, register, meter with trouble on the way, cancel, end the month",
    )
    .requiredOption("--product <code>", "a SaaS product; its seller's programs are to use this server")
    .option("--landing <url>", "the landing page that buyers are sent to")
    .option("--meter <command>", "meters what is due; run after each hour (default: a program that runs by itself)")
    .option("--hours <n>", "hours that are metered", countArgument(HOURS_MAX), 6)
    .option("--wait <seconds>", "how long the records of an hour are waited for", countArgument(WAIT_SECONDS_MAX), 10)
    .option("--junit <file>", "write the report for CI there, too")
    .option("--strict", "end with exit code 1 also for what was not seen");
  withConnection(command).action(async (flags: RehearseFlags) => {
    // Where the pipe is closed, nobody reads on.
    let exitCode: number = EXIT.refused;
    const signal = endOfInterest((by) => {
      exitCode = SIGNALS[by];
    });
    const client = connect(flags, signal);
    const market = new MarketSide(client, connect(flags));
    const told = (error: unknown): unknown =>
      signal.aborted ? new CommandError("It was interrupted.", exitCode) : error;
    await refuseOthers(market, client.url, flags).catch((error: unknown) => {
      throw told(error);
    });
    const { product: productCode, landing, hours, meter, wait } = flags;
    const steps: Step[] = [];
    let buyer: Buyer | undefined;
    const outcome = await rehearse(
      {
        productCode,
        landing,
        hours,
        meter,
        waitMs: wait * 1_000,
        endpoint: new URL(client.url).origin,
        random: String(randomInt(ACCOUNTS / 10, ACCOUNTS)),
        sleep: (ms) => sleep(ms),
        monotonicMs: () => performance.now(),
        signal,
      },
      market,
      {
        onBuyer: (subscribed) => {
          buyer = subscribed;
        },
        onStep: (step) => steps.push(step),
      },
    ).then(
      () => ({ error: undefined }),
      (error: unknown) => ({ error: told(error) }),
    );
    if (outcome.error !== undefined) steps.push(brokenOff(outcome.error));
    report(flags, { productCode, agreementId: buyer?.agreementId, customerAccountId: buyer?.customerAccountId, steps });
    if (outcome.error !== undefined) throw outcome.error;
    const bad = steps.filter(({ verdict }) => verdict === "fail" || (flags.strict === true && verdict === "not-seen"));
    if (bad.length > 0) throw new CommandError(`${bad.length} of ${steps.length} steps did not pass.`, EXIT.refused);
  });
}

/** The last step of a rehearsal that has not come to its end. */
function brokenOff(error: unknown): Step {
  const saw = error instanceof Error ? error.message : String(error);
  return { id: "end", title: "The rehearsal comes to its end", verdict: "fail", saw };
}

/** The file for CI is written even where nobody reads the report, and the report is printed even where the file cannot be written. */
function report(flags: RehearseFlags, rehearsal: Rehearsal): void {
  try {
    if (flags.junit !== undefined) writeFileSync(flags.junit, rehearsalJunit(rehearsal));
  } catch (error) {
    throw new CommandError(`${flags.junit} cannot be written (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  } finally {
    print(flags, rehearsal, rehearsalText(rehearsal));
  }
}

async function refuseOthers(market: MarketSide, url: string, { product, landing }: RehearseFlags): Promise<void> {
  if (landing !== undefined && !(URL.canParse(landing) && /^https?:/.test(landing))) {
    throw new CommandError(
      `--landing must be an address such as http://127.0.0.1:3000/register; got ${landing}.`,
      EXIT.usage,
    );
  }
  const mode = await market.clockMode();
  if (mode === undefined) throw new CommandError(`${url} is no operator API of Countinghouse.`, EXIT.unreachable);
  if (mode === "system") {
    throw new CommandError(
      "A rehearsal moves the clock: start the server with --clock manual or --clock offset.",
      EXIT.refused,
    );
  }
  const type = await market.productType(product);
  if (type !== "saas") {
    throw new CommandError(`A rehearsal is for SaaS products; ${product} is of type ${type}.`, EXIT.refused);
  }
}
