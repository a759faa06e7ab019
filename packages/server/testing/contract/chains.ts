/** The contract of chains: they grow with the entries, are whole, and agree with the heads that were known earlier. */
import { describe, expect, test } from "vitest";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { KnownLaneHead } from "../../src/ledger/verification.ts";
import type { LedgerUnderTest } from "./ledger-under-test.ts";
import { look, meter, newCall, sent } from "./works.ts";

async function headsOf(ledger: Ledger): Promise<KnownLaneHead[]> {
  return (await ledger.chainHeads()).map((head) => ({ ...head, source: "the test" }));
}

/** Writes about several products, which several writers may share. */
async function write(ledger: Ledger, round: number): Promise<void> {
  const offerings = ["1", "2", "3"].map((digit) => digit.repeat(25));
  await Promise.all([
    ledger.transact(look(() => undefined)),
    ...offerings.map((offering) => ledger.transact(meter([sent({ dimension: `${round}` }, { offering })]))),
  ]);
}

export function chainPromises(fresh: () => Promise<LedgerUnderTest>): void {
  describe("chains", () => {
    test("are whole and hold every entry, also after a reopening, and agree with what was known of them", async () => {
      const store = await fresh();
      const earlier: KnownLaneHead[] = [];
      for (let round = 1; round <= 3; round += 1) {
        await write(store.ledger, round);
        earlier.push(...(await headsOf(store.ledger)));
        const { heads, ...found } = await store.ledger.verifyChains(earlier);
        expect(found).toEqual({ entries: round * 4, disagreement: undefined });
        expect(heads).toEqual(await store.ledger.chainHeads());
        await store.reopen();
      }
    });

    test("that ended earlier, or otherwise, than is known are named", async () => {
      const { ledger } = await fresh();
      await write(ledger, 1);
      const [head] = (await headsOf(ledger)) as [KnownLaneHead];
      const verified = async (over: Partial<KnownLaneHead>): Promise<string | undefined> =>
        (await ledger.verifyChains([{ ...head, ...over }])).disagreement;
      expect(await verified({})).toBeUndefined();
      expect(await verified({ seq: 99 })).toMatch(/ends at entry \d+, but the test knows of entry 99\.$/);
      expect(await verified({ link: "0".repeat(64) })).toMatch(/is not the one that the test knows of\.$/);
    });

    test("are whole over a reset", async () => {
      const { ledger } = await fresh();
      await write(ledger, 1);
      await ledger.reset(newCall(), () => []);
      expect(await ledger.verifyChains([])).toMatchObject({ entries: 1, disagreement: undefined });
      await write(ledger, 1);
      expect(await ledger.verifyChains(await headsOf(ledger))).toMatchObject({ entries: 5, disagreement: undefined });
    });
  });
}
