/** `countinghouse report`: what sellers are told of the use of their products, and operators of what comes in. */
import type { Command } from "commander";
import type { CsvAnswer } from "../operator/client/operator-client.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { ReportName } from "../operator/contract/reports.ts";
import { REPORT_NAMES } from "../operator/contract/values.ts";
import { addedUp } from "./added-up.ts";
import { monthArgument } from "./arguments.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { withFormerName } from "./filter-flags.ts";
import { jsonText, print, printableLines, table, type Columns } from "./output.ts";
import { thisMonth } from "./this-month.ts";

interface ReportFlags extends ConnectionFlags {
  readonly month?: string;
  readonly account?: string;
}

const COLUMNS: Columns<ReportName> = { name: ({ name }) => name, summary: ({ summary }) => summary };

const SUMMARIES: Readonly<Record<(typeof REPORT_NAMES)[number], string>> = {
  "usage-by-instance-type": "A month's usage: a row for each customer, product and dimension",
  "revenue-by-day": "What each day's usage of each product is worth",
  "refusals-by-rule": "What was refused, by operation and rule",
  lateness: "How old usage was when it came",
  duplicates: "Usage that came again: refused, or replayed",
  "silent-customers": "Customers with an agreement of whom no usage comes",
  "agreement-statement": "What each agreement came to, by dimension",
};

export function addReport(program: Command): void {
  const group = program.command("report").description("Reports, as comma-separated values or JSON");
  const list = group.command("list").description("List the reports that there are");
  withConnection(list).action(async (flags: ConnectionFlags) => {
    const { items } = await connect(flags).call("GET /reports");
    print(flags, items, table(COLUMNS, items));
  });
  for (const name of REPORT_NAMES) {
    const command = group
      .command(name)
      .description(SUMMARIES[name])
      .option(
        "--month <month>",
        "such as 2026-03 (default: that of the service clock, as far as it is)",
        monthArgument,
      );
    if (name === "usage-by-instance-type") addUsage(command);
    else withConnection(command).action((flags: ReportFlags) => printReport(name, flags));
  }
}

function addUsage(command: Command): void {
  command.option("--account <id>", "only products of this seller's account");
  withFormerName(command, "--seller <id>", "account");
  withConnection(command).action(async (flags: ReportFlags) => {
    const client = connect(flags);
    const query: RequestTo<"GET /reports/usage-by-instance-type">["query"] = {
      month: flags.month ?? (await thisMonth(client)),
      sellerAccountId: flags.account,
    };
    await printed(flags, {
      json: (signal) => client.call("GET /reports/usage-by-instance-type", { query, signal }),
      csv: (signal) => client.csv("GET /reports/usage-by-instance-type", { query, signal }),
    });
  });
}

async function printReport(name: string, flags: ReportFlags): Promise<void> {
  const client = connect(flags);
  const month = flags.month ?? (await thisMonth(client));
  const request: RequestTo<"GET /reports/{name}"> = { params: { name }, query: { month } };
  await printed(flags, {
    json: (signal) => client.call("GET /reports/{name}", { ...request, signal }),
    csv: (signal) => client.csv("GET /reports/{name}", { ...request, signal }),
  });
}

interface Forms {
  readonly json: (signal: AbortSignal) => Promise<{ readonly keptSince?: string | undefined }>;
  readonly csv: (signal: AbortSignal) => Promise<CsvAnswer>;
}

async function printed(flags: ReportFlags, { json, csv }: Forms): Promise<void> {
  if (flags.json === true) {
    const report = await addedUp(flags, json);
    process.stdout.write(`${jsonText(report, 2)}\n`);
    notePart(report.keptSince);
  } else {
    const { text, keptSince } = await addedUp(flags, csv);
    // A file gets it as it is; a spreadsheet acts on none of these characters.
    process.stdout.write(process.stdout.isTTY ? printableLines(text) : text);
    notePart(keptSince);
  }
}

function notePart(keptSince: string | undefined): void {
  if (keptSince === undefined) return;
  process.stderr.write(
    `A part of the month may be missing: what was recorded before ${keptSince} has expired (--retention-days).\n`,
  );
}
