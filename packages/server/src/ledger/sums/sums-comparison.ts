/** Holds sums that are kept against the same sums, added up again. */
import { HOUR_MS, iso } from "@countinghouse/protocol";
import { MemorySums } from "./memory-sums.ts";
import type { SumCells, TallyCell, UsageCell } from "./sums.ts";

/** What is held in memory grows with the sums, not with the entries. */
export class SumsComparison {
  readonly #expected = new MemorySums();

  /** What is to be found: of entries, and of what is kept of those that have expired. */
  expect(sums: SumCells): void {
    this.#expected.add(sums);
  }

  /** Answers the first difference, in a sentence, and takes off what was found. */
  see(usage: readonly UsageCell[], tallies: readonly TallyCell[]): string | undefined {
    for (const cell of usage) {
      const expected = this.#expected.takeUsage(cell);
      if (expected?.amount === cell.amount) continue;
      return `Of ${usageText(cell)} they have ${cell.amount}, and the entries ${expected?.amount ?? "nothing"}.`;
    }
    for (const cell of tallies) {
      const expected = this.#expected.takeTally(cell);
      const agrees =
        expected?.calls === cell.calls && expected.records === cell.records && expected.units === cell.units;
      if (!agrees) return `Of ${tallyText(cell)} they count otherwise than the entries.`;
    }
    return undefined;
  }

  /** What has not been found, in a sentence. */
  rest(): string | undefined {
    const [usage] = this.#expected.allUsage();
    if (usage !== undefined) return `Of ${usageText(usage)} they have nothing, and the entries ${usage.amount}.`;
    const [tally] = this.#expected.allTallies();
    return tally === undefined ? undefined : `Of ${tallyText(tally)} they count nothing, and the entries do.`;
  }
}

function usageText({ hour, product, customer, dimension, region, kind }: UsageCell): string {
  return `${iso(hour * HOUR_MS)}, product ${product}, ${customer}, dimension ${dimension}, region ${region}, ${kind},`;
}

function tallyText({ day, about, product, customer, dimension, detail }: TallyCell): string {
  return `day ${day}, ${[about, product, customer, dimension, detail].filter((text) => text !== "").join(" ")},`;
}
