import { describe, expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import { CHAIN_START, linkOf } from "./chain.ts";
import { ChainWalk, type KeptEntry } from "./chain-walk.ts";
import { attributesOf } from "./entry-attributes.ts";
import { encodeEntry } from "./entry-codec.ts";
import type { LedgerEntry } from "./entry.ts";
import type { KnownHead } from "./verification.ts";

/** Five entries, one second apart, except that the last two have the same time. */
const KEPT: readonly KeptEntry[] = chained([1_000, 2_000, 3_000, 4_000, 4_000]);
const [FIRST, SECOND, THIRD, FOURTH, FIFTH] = KEPT as [KeptEntry, KeptEntry, KeptEntry, KeptEntry, KeptEntry];

function chained(times: readonly number[]): KeptEntry[] {
  let before = CHAIN_START;
  return times.map((atMs, i) => {
    const call = { ...newCall(), accountId: "111122223333" };
    const entry: LedgerEntry = { atMs, call, event: { kind: "usage-metered", productCode: "p", records: [] } };
    const encoded = encodeEntry(entry);
    const link = linkOf(before, i + 1, encoded);
    before = link;
    return { seq: i + 1, entry: encoded, attributes: attributesOf(entry), link };
  });
}

const hex = ({ link }: KeptEntry): string => Buffer.from(link ?? []).toString("hex");
const knownOf = (kept: KeptEntry, over: Partial<KnownHead> = {}): KnownHead => ({
  seq: kept.seq,
  link: hex(kept),
  source: "checkpoint 1",
  ...over,
});
const headOf = (kept: KeptEntry): { seq: number; link: string } => ({ seq: kept.seq, link: hex(kept) });

/** Follows some entries to the end; answers how far the walk came, and why it stopped. */
function walked(entries: readonly KeptEntry[], known: readonly KnownHead[] = [], walk = new ChainWalk(known)): unknown {
  let why: string | undefined;
  try {
    for (const entry of entries) walk.follow(entry);
    walk.end();
  } catch (error) {
    why = (error as Error).message;
  }
  return [walk.followed, walk.head.seq, why];
}

describe("a chain", () => {
  test("that is whole is followed to its head, past all that is known of it", () => {
    const known = [knownOf(FOURTH), knownOf(SECOND), knownOf(SECOND), knownOf(FIRST, { seq: 0, link: "of no entry" })];
    const walk = new ChainWalk(known);
    expect(walked(KEPT, known, walk)).toEqual([5, 5, undefined]);
    expect(walk.head).toEqual(headOf(FIFTH));
  });

  test("without entries has the start for its head", () => {
    expect(walked([])).toEqual([0, 0, undefined]);
    expect(new ChainWalk([]).head.link).toBe("00".repeat(32));
  });

  test("tells of each entry what it is", () => {
    const walk = new ChainWalk([]);
    expect(walk.follow(FIRST)).toMatchObject({ atMs: 1_000, event: { productCode: "p" } });
  });

  test("goes on after what has expired", () => {
    expect(walked(KEPT.slice(2), [], new ChainWalk([], headOf(SECOND)))).toEqual([3, 5, undefined]);
    const known = [knownOf(FIRST, { link: "gone" }), knownOf(SECOND), knownOf(FOURTH)];
    expect(walked(KEPT.slice(2), known, new ChainWalk(known, headOf(SECOND)))).toEqual([3, 5, undefined]);
  });

  test("goes on after what has expired since the walk began", () => {
    const known = [knownOf(SECOND, { link: "gone" }), knownOf(THIRD), knownOf(FIFTH)];
    const walk = new ChainWalk(known);
    walk.follow(FIRST);
    walk.skipTo(headOf(THIRD));
    expect(walked([FOURTH, FIFTH], known, walk)).toEqual([3, 5, undefined]);
  });
});

const broken = (kept: KeptEntry): string =>
  `Entry ${kept.seq} (request ${kept.entry.requestId}) is not as it was written: the chain breaks here.`;

const otherAt = (seq: number): string => `Entry ${seq}, or one before it, is not the one that checkpoint 1 knows of.`;

describe("a chain is found broken where", () => {
  test.each<[string, readonly KeptEntry[], number, string]>([
    ["an entry is missing", [FIRST, THIRD], 1, "Entry 2 is missing."],
    ["its first entry is missing", [SECOND], 0, "Entry 1 is missing."],
    ["an entry stands twice", [FIRST, FIRST], 1, "Entry 2 is missing."],
    ["an entry has no link", [{ ...FIRST, link: undefined }], 0, broken(FIRST)],
    ["an entry has another link", [FIRST, { ...SECOND, link: FIRST.link }], 1, broken(SECOND)],
    ["an entry was changed", [FIRST, { ...SECOND, entry: { ...SECOND.entry, body: SECOND.entry.body.replace('"p"', '"q"') } }], 1, broken(SECOND)],
    ["an entry is of an earlier time than that before it", [FIRST, { ...SECOND, entry: { ...SECOND.entry, atMs: 999 } }], 1, "Entry 2 is older than the one before it."],
    ["an entry cannot be read", [{ ...FIRST, entry: { ...FIRST.entry, body: "{" } }], 0, `Entry 1 cannot be read: Entry ${FIRST.entry.requestId} cannot be read.`],
  ])("%s", (_where, entries, followed, why) => {
    expect(walked(entries)).toEqual([followed, followed, why]);
  }); // prettier-ignore

  test.each(["operation", "principal", "accountId", "accessKeyId", "productCode"] as const)(
    "an entry is found under another %s",
    (name) => {
      const other = { ...FIRST, attributes: { ...FIRST.attributes, [name]: "another" } };
      expect(walked([other])).toEqual([0, 0, `Entry 1 is found under another ${name} than its own.`]);
    },
  );

  test("an entry is found under none where it has one, or as a text that the store keeps otherwise", () => {
    const without = { ...FIRST, attributes: { ...FIRST.attributes, productCode: undefined } };
    expect(walked([without])).toEqual([0, 0, "Entry 1 is found under another productCode than its own."]);
    const upper = Object.fromEntries(
      Object.entries(FIRST.attributes).map(([name, text]) => [name, text?.toUpperCase()]),
    );
    const kept = { ...FIRST, attributes: upper as unknown as typeof FIRST.attributes };
    expect(walked([kept], [], new ChainWalk([], undefined, (text) => text.toUpperCase()))).toEqual([1, 1, undefined]);
  });

  test("it ends before what is known", () => {
    const why = "The ledger ends at entry 2, but checkpoint 1 knows of entry 4.";
    expect(walked([FIRST, SECOND], [knownOf(THIRD), knownOf(FOURTH)])).toEqual([2, 2, why]);
    expect(walked([], [knownOf(FIRST)])).toEqual([
      0,
      0,
      "The ledger ends at entry 0, but checkpoint 1 knows of entry 1.",
    ]);
  });

  test("another entry is known to have been there", () => {
    const other = (kept: KeptEntry): KnownHead => knownOf(kept, { link: "00" });
    expect(walked(KEPT, [other(SECOND)])).toEqual([1, 1, otherAt(2)]);
    expect(walked(KEPT, [knownOf(SECOND), other(SECOND)]), "of two that are known").toEqual([1, 1, otherAt(2)]);
    expect(walked(KEPT.slice(2), [], new ChainWalk([other(SECOND)], headOf(SECOND)))).toEqual([0, 2, otherAt(2)]);
    expect(walked([], [], new ChainWalk([other(SECOND)], headOf(SECOND))), "of what has expired").toEqual([
      0,
      2,
      otherAt(2),
    ]);
    const walk = new ChainWalk([other(THIRD)]);
    walk.follow(FIRST);
    expect(() => walk.skipTo(headOf(THIRD))).toThrow(otherAt(3));
  });
});
