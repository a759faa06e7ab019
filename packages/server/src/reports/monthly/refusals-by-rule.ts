/** What was refused in a month, by the time of the calls, and by which rule. */
import { ruleBook } from "@countinghouse/protocol";
import type { TallyCell } from "../../ledger/sums/sums.ts";
import { talliesOf } from "./tallies.ts";
import type { MonthlyReport } from "./report.ts";

interface Refused {
  readonly operation: string;
  readonly code: string;
  readonly rule: string;
  calls: number;
  records: number;
  units: bigint;
}

export const refusalsByRule: MonthlyReport = {
  summary: "Calls and usage records that were refused, by operation and rule",
  columns: {
    operation: "Operation",
    code: "Error Code",
    rule: "Rule",
    ruleText: "Rule Text",
    refusedCalls: "Refused Calls",
    refusedRecords: "Refused Records",
    refusedUnits: "Refused Units",
  },
  table: async (context) => {
    const { tallies, completeSinceMs } = await talliesOf(context, ["refusal"]);
    const refused = new Map<string, Refused>();
    for (const tally of tallies) add(refused, tally);
    const rows = [...refused]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { operation, code, rule, calls, records, units }]) => ({
        operation,
        code,
        // Of calls that were only counted, none is known.
        rule: rule === "-" ? undefined : rule,
        ruleText: textOf(rule),
        refusedCalls: calls,
        refusedRecords: records,
        refusedUnits: units.toString(),
      }));
    return { rows, completeSinceMs };
  },
};

function add(refused: Map<string, Refused>, { detail, calls, records, units }: TallyCell): void {
  let sum = refused.get(detail);
  if (sum === undefined) {
    const [operation = "", code = "", rule = "-"] = detail.split(" ");
    refused.set(detail, (sum = { operation, code, rule, calls: 0, records: 0, units: 0n }));
  }
  sum.calls += calls;
  sum.records += records;
  sum.units += units;
}

/** A rule of an earlier version may be in the book no more. */
function textOf(rule: string): string | undefined {
  return Object.entries(ruleBook).find(([id]) => id === rule)?.[1].text;
}
