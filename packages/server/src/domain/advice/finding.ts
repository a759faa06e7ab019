/** A mistake that was seen, and the calls that show it. */
import type { EpochMs } from "@countinghouse/protocol";
import type { History } from "./history.ts";
import type { MistakeId } from "./mistakes.ts";

export interface Finding {
  readonly id: MistakeId;
  readonly accountId: string;
  readonly productCode: string;
  /** The calls that show it, in their order. */
  readonly evidence: readonly Evidence[];
}

interface Evidence {
  readonly requestId: string;
  readonly atMs: EpochMs;
  /** What of it shows the mistake. */
  readonly shows: string;
}

/** What looks for one mistake. */
export type Look = (history: History) => readonly Seen[];

/** One call that shows a mistake of an account, about a product. */
export interface Seen extends Evidence {
  readonly accountId: string;
  readonly productCode: string;
}

/** One finding for each account and product, however many calls show it. */
export function findingsOf(id: MistakeId, seen: readonly Seen[]): readonly Finding[] {
  const groups = Map.groupBy(seen, ({ accountId, productCode }) => `${accountId}\n${productCode}`);
  return [...groups.values()].map((group) => {
    const [{ accountId, productCode }] = group as [Seen];
    const evidence = group
      .toSorted((a, b) => a.atMs - b.atMs)
      .map(({ requestId, atMs, shows }) => ({ requestId, atMs, shows }));
    return { id, accountId, productCode, evidence };
  });
}
