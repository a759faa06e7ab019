/** `countinghouse report`: reports of sellers' products. */
import type { Command } from "commander";
import type { RequestTo } from "../operator/client/requests.ts";
import { monthArgument } from "./arguments.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { jsonText, printableLines } from "./output.ts";

interface ReportFlags extends ConnectionFlags {
  readonly month: string;
  readonly seller?: string;
}

export function addReport(program: Command): void {
  const group = program.command("report").description("Reports, as comma-separated values or JSON");
  const usage = group
    .command("usage-by-instance-type")
    .description("A month's usage: a row for each customer, product and dimension")
    .requiredOption("--month <month>", "such as 2026-03; one that is not over is fine", monthArgument)
    .option("--seller <account>", "only products of this account");
  withConnection(usage).action(async (flags: ReportFlags) => {
    const query: RequestTo<"GET /reports/usage-by-instance-type">["query"] = {
      month: flags.month,
      sellerAccountId: flags.seller,
    };
    const client = connect(flags);
    if (flags.json === true) {
      const report = await client.call("GET /reports/usage-by-instance-type", { query });
      process.stdout.write(`${jsonText(report, 2)}\n`);
      notePart(report.keptSince);
    } else {
      const { text, keptSince } = await client.csv("GET /reports/usage-by-instance-type", { query });
      // A file gets the text unchanged: spreadsheets do not act on these characters.
      process.stdout.write(process.stdout.isTTY ? printableLines(text) : text);
      notePart(keptSince);
    }
  });
}

function notePart(keptSince: string | undefined): void {
  if (keptSince === undefined) return;
  process.stderr.write(
    `A part of the month may be missing: what was recorded before ${keptSince} has expired (--retention-days).\n`,
  );
}
