/** Counts of a month's calls, by the time of the calls. */
import type { EpochMs } from "@countinghouse/protocol";
import { DAY_HOURS, type TallyAbout, type TallyCell } from "../../ledger/sums/sums.ts";
import type { ReportContext } from "./report.ts";

interface Tallies {
  readonly tallies: readonly TallyCell[];
  readonly completeSinceMs: EpochMs | undefined;
}

export async function talliesOf(
  { ledger, month }: Pick<ReportContext, "ledger" | "month">,
  about: readonly TallyAbout[],
): Promise<Tallies> {
  const days = { fromDay: month.fromHour / DAY_HOURS, toDay: month.toHour / DAY_HOURS };
  const { tallies, completeSinceMs } = await ledger.sums({ tallies: { about, ...days } });
  return { tallies, completeSinceMs };
}
