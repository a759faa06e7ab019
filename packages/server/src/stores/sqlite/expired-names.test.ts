/** Which names the store holds, and what is found by them, whatever happens to entries. A model gets the same history. */
import type { AcceptedRecord } from "../../domain/metering/metering-record.ts";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/contract/temporary-folder.ts";
import { newCall, sent } from "../../../testing/contract/works.ts";
import type { EntryAttributes } from "../../ledger/entry-attributes.ts";
import type { StagedEntry, StagedGroup } from "../../ledger/engine.ts";
import { encodeEntry } from "../../ledger/entry-codec.ts";
import type { EventQuery } from "../../ledger/ledger.ts";
import { dataFolder } from "./data-folder.ts";
import { openSqliteEngine, type SqliteEngine } from "./sqlite-engine.ts";

/** Each may be the key of a session, the name of a role's session, a stranger's claim, or a catalogue name. */
const TEXTS = ["ASIA1", "gb", "us-east-1", "é", "e\u0301", "111122223333", ""];
const NOT_FLUSHED = { synchronous: "NORMAL" } as const;
const text = fc.constantFrom(...TEXTS);
const attributes: fc.Arbitrary<EntryAttributes> = fc.record({
  operation: text,
  principal: text,
  accountId: fc.option(text, { nil: undefined }),
  accessKeyId: fc.option(text, { nil: undefined }),
  productCode: fc.option(text, { nil: undefined }),
});

type Step =
  | { readonly kind: "entry"; readonly attributes: EntryAttributes; readonly dimension: string | undefined }
  | { readonly kind: "expire"; readonly entries: number; readonly attributes: EntryAttributes }
  | { readonly kind: "reopen" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("entry" as const),
      attributes,
      dimension: fc.option(text, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("expire" as const), entries: fc.integer({ min: 1, max: 4 }), attributes }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

interface Kept {
  readonly requestId: string;
  readonly attributes: EntryAttributes;
  readonly records: readonly AcceptedRecord[];
}

function staged({ requestId, attributes: found, records }: Kept, atMs: number): StagedEntry {
  const entry = encodeEntry({ atMs, call: { ...newCall(), requestId }, event: { kind: "ledger-reset" } });
  return { entry, attributes: found, accrued: false, records };
}

const groupOf = (entry: StagedEntry): StagedGroup => ({
  reset: false,
  entries: [entry],
  catalogue: [],
  resources: [],
  clock: undefined,
});

async function requestIdsBy(engine: SqliteEngine, query: Partial<EventQuery>): Promise<readonly string[]> {
  const { items } = await engine.entries({ order: "oldest", limit: 1_000, ...query });
  return items.map(({ requestId }) => requestId);
}

async function holds(
  engine: SqliteEngine,
  path: string,
  kept: readonly Kept[],
  ofKeys: ReadonlySet<string>,
): Promise<void> {
  const by = (has: (attributes: EntryAttributes) => boolean): readonly string[] =>
    kept.filter((entry) => has(entry.attributes)).map(({ requestId }) => requestId);
  for (const wanted of TEXTS) {
    expect(await requestIdsBy(engine, { operations: [wanted] })).toEqual(by(({ operation }) => operation === wanted));
    expect(await requestIdsBy(engine, { principals: [wanted] })).toEqual(by(({ principal }) => principal === wanted));
    expect(await requestIdsBy(engine, { accountId: wanted })).toEqual(by(({ accountId }) => accountId === wanted));
    expect(await requestIdsBy(engine, { accessKeyId: wanted })).toEqual(
      by(({ accessKeyId }) => accessKeyId === wanted),
    );
    expect(await requestIdsBy(engine, { productCode: wanted })).toEqual(
      by(({ productCode }) => productCode === wanted),
    );
  }
  const db = new DatabaseSync(dataFolder(path).ledgerFile, { readOnly: true });
  const names = db
    .prepare("SELECT text FROM name")
    .all()
    .map((row) => row["text"]);
  db.close();
  const inEntries = kept.flatMap((entry) => Object.values(entry.attributes) as (string | undefined)[]);
  expect(new Set(names)).toEqual(new Set([...ofKeys, ...inEntries.filter((name) => name !== undefined)]));
}

test("what entries are found by goes with the last of them, unless a key has that name; what is kept is found", async () => {
  const folder = temporaryFolder();
  let engine = openSqliteEngine(folder.path, NOT_FLUSHED);
  onTestFinished(async () => {
    await engine.close();
    folder.remove();
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      await engine.commit({ reset: true, entries: [], catalogue: [], resources: [], clock: undefined });
      let kept: Kept[] = [];
      const ofKeys = new Set<string>();
      let atMs = 0;
      for (const taken of steps) {
        atMs += 1;
        if (taken.kind === "reopen") {
          await engine.close();
          engine = openSqliteEngine(folder.path, NOT_FLUSHED);
          continue;
        }
        const dimension = taken.kind === "entry" ? taken.dimension : undefined;
        const isMetered = dimension !== undefined;
        const { key } = sent(isMetered ? { dimension } : {});
        const records = isMetered ? [{ position: 0, quantity: 1, key: { ...key, hour: atMs } }] : [];
        const entry = { requestId: newCall().requestId, attributes: taken.attributes, records };
        if (isMetered) [key.offering, key.region, key.customer, key.dimension].forEach((name) => ofKeys.add(name));
        const old = taken.kind === "expire" ? await engine.entriesBefore(atMs, taken.entries) : undefined;
        const gone = kept.slice(0, old?.entries.length ?? 0);
        const keys = gone.flatMap((each) => each.records.map((record) => record.key));
        const expired =
          old === undefined ? undefined : { through: { lane: "1", ...old.through }, keys, usage: [], tallies: [] };
        await engine.commit({ ...groupOf(staged(entry, atMs)), expired });
        kept = [...kept.slice(gone.length), entry];
        if (taken.kind === "expire") await holds(engine, folder.path, kept, ofKeys);
      }
      await holds(engine, folder.path, kept, ofKeys);
    }),
    { numRuns: 40 },
  );
});
