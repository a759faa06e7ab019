/** `countinghouse audit import`: a trail that AWS has delivered, held against the rule sets. It needs no server, and writes nothing. */
import type { Command } from "commander";
import type { TrailReport } from "../../trail/trail-report.ts";
import { adviceText } from "../advice-text.ts";
import { print, table } from "../output.ts";
import { readTrail, type ReadTrail } from "./trail-files.ts";

const HELP = `
Takes files as CloudTrail delivers them (.json, .json.gz), as audit export writes them (.jsonl, and with --format
cloudtrail), and as aws cloudtrail lookup-events prints them; of a folder, all of them.

What a trail does not hold cannot be compared: registration tokens are hidden; whether a product, a dimension or a
customer is there, and who may call, only AWS's own catalogue and policies say. So these are taken as AWS answered.
MeterUsage is held against earlier calls of the same credentials, RegisterUsage too. --json names each call that was
not compared, and why.
Event times are whole seconds: an answer that is right at any moment of its second counts as the same.`;

export function addImport(group: Command): void {
  group
    .command("import <files...>")
    .description("Hold the metering calls of a CloudTrail export against the rule sets: a report, nothing is written")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (files: string[], flags: { readonly json?: boolean }) => {
      const [{ trailCall }, { trailReport }] = await Promise.all([
        import("../../trail/trail-call.ts"),
        import("../../trail/trail-report.ts"),
      ]);
      const { calls, ...read } = readTrail(files, trailCall);
      const report = trailReport(calls);
      print(flags, { ...read, ...report }, textOf(read, report));
    });
}

function textOf(read: Omit<ReadTrail, "calls">, report: TrailReport): string {
  const { files, records, unreadable, unreadableCount } = read;
  const { from, to, calls, ruleSets, differences, differenceCount, notCompared, advice } = report;
  const counted = Object.entries(calls).map(([operation, count]) => `${count} ${operation}`);
  const head = `${records} events in ${files} files. Metering calls: ${counted.length === 0 ? "none" : counted.join(", ")}.`;
  const parts = [from === undefined ? head : `${head} From ${from} to ${to ?? from}.`];
  if (from !== undefined) {
    parts.push(
      table(
        {
          "rule set": ({ ruleSet }) => ruleSet,
          "as AWS": ({ same }) => same,
          otherwise: ({ different }) => different,
          "not compared": ({ notJudged }) => Object.values(notJudged).reduce((sum, count) => sum + count, 0),
          "records left out": ({ recordsLeft }) => recordsLeft,
        },
        ruleSets,
      ),
    );
  }
  if (notCompared.length > 0) parts.push(notCompared.map(notComparedText).join("\n"));
  if (differenceCount > 0) {
    const more = differenceCount > differences.length ? `\n… and ${differenceCount - differences.length} more` : "";
    parts.push(`Answered otherwise:\n${table(DIFFERENCE_COLUMNS, differences)}${more}`);
  }
  if (unreadableCount > 0) {
    const more = unreadableCount > unreadable.length ? [`… and ${unreadableCount - unreadable.length} more`] : [];
    parts.push([`${unreadableCount} records could not be read:`, ...unreadable.map(({ place, why }) => `  ${place}: ${why}`), ...more].join("\n")); // prettier-ignore
  }
  parts.push(...advice.map(adviceText));
  if (advice.length === 0 && from !== undefined) parts.push("Advice has nothing to say.");
  return parts.join("\n\n");
}

/** `--json` names the calls. */
function notComparedText({ operation, why, count }: TrailReport["notCompared"][number]): string {
  return `${count} ${operation} not compared: ${why}.`;
}

type Difference = TrailReport["differences"][number];

const DIFFERENCE_COLUMNS = {
  at: ({ at }: Difference) => at,
  operation: ({ operation }: Difference) => operation,
  AWS: ({ aws }: Difference) => aws.text,
  classic: ({ answers: { classic } }: Difference) => answerText(classic),
  current: ({ answers: { current } }: Difference) => answerText(current),
  request: ({ requestId }: Difference) => requestId,
};

function answerText(answer: Difference["aws"] | undefined): string {
  if (answer === undefined) return "";
  return answer.rule === undefined ? answer.text : `${answer.text} (${answer.rule})`;
}
