import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import type { LaneHead } from "../ledger/chain-head.ts";
import { temporaryFolder } from "../../testing/contract/temporary-folder.ts";
import type { KnownLaneHead, LedgerVerification } from "../ledger/verification.ts";
import { verifyAudit } from "./audit-verification.ts";
import { readLine, signedLine, signingKeyOf, type Checkpoint } from "./checkpoint.ts";
import { checkpointFile, checkpointsInMemory, type CheckpointFile } from "./checkpoint-file.ts";
import { Checkpointer } from "./checkpointer.ts";

const KEY = signingKeyOf(Buffer.alloc(32, 7));
const START_MS = Date.UTC(2026, 6, 14, 12);
const head = (seq: number): LaneHead => ({ lane: "1", seq, link: seq.toString(16).padStart(64, "0") });
const OTHER: LaneHead = { ...head(9), lane: "2" };

/** A ledger of which only the head matters, and a clock; the test moves both. */
function setup(file: CheckpointFile = checkpointsInMemory()): {
  readonly file: CheckpointFile;
  readonly at: { seq: number; ms: number; wallMs: number };
  readonly open: () => Checkpointer;
} {
  const at = { seq: 3, ms: START_MS, wallMs: START_MS };
  const ledger = { chainHeads: (): Promise<LaneHead[]> => Promise.resolve([head(at.seq), OTHER]) };
  const open = (): Checkpointer =>
    new Checkpointer({ ledger, file, key: KEY, nowMs: () => at.ms, wallMs: () => at.wallMs });
  return { file, at, open };
}

const seqsOf = (file: CheckpointFile): unknown[] =>
  file.lines().map((line) => {
    const { lanes, reset } = JSON.parse(line) as Checkpoint;
    return reset === true ? `${lanes[0]?.seq} reset` : lanes[0]?.seq;
  });

test("the newest line of a file is found at its end, however long it and those before it are", () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const file = checkpointFile(join(folder.path, "checkpoints.jsonl"));
  expect([file.lastLine(), file.lines()]).toEqual([undefined, []]);
  const lines = [1, 5_000, 4_095, 4_096, 200_000, 3, 1].map((length, i) => String(i).repeat(length));
  for (const line of lines) {
    file.append(line);
    expect(file.lastLine()).toBe(line);
  }
  expect(file.lines()).toEqual(lines);
  // A line that was cut off is the newest, and does not spoil others.
  appendFileSync(file.path, '{"v":');
  expect(file.lastLine()).toBe('{"v":');
  file.append("next");
  expect([file.lastLine(), file.lines()]).toEqual(["next", [...lines, '{"v":', "next"]]);
});

test("a checkpoint is read as it was written, by its key and no other", () => {
  const checkpoint: Checkpoint = {
    v: 1,
    at: "a",
    writtenAt: "b",
    lanes: [{ ...head(1), lane: "embedded" }],
    before: null,
  };
  const line = signedLine(checkpoint, KEY);
  expect(readLine(line, KEY)).toEqual(checkpoint);
  expect(readLine(line, signingKeyOf(randomBytes(32)))).toMatch(/^was signed with another key/);
  expect(readLine(line.replace('"seq":1', '"seq":2'), KEY)).toBe("is not as it was signed");
  expect(readLine(`${line}x`, KEY)).toBe("is not JSON");
  for (const other of ["null", "1", '"text"']) expect(readLine(other, KEY), other).toBe("is not a checkpoint");
  expect(readLine(line.replace(/"signature":"[^"]*"/, '"signature":""'), KEY)).toBe("is not as it was signed");
});

describe("checkpoints are noted", () => {
  test("every hour of the service clock, where something has happened", async () => {
    const { file, at, open } = setup();
    const checkpointer = open();
    await checkpointer.note();
    at.seq = 5;
    at.ms += HOUR_MS - 1;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3]);
    at.ms += 1;
    await checkpointer.due();
    await checkpointer.due();
    at.ms += 10 * HOUR_MS;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 5]);
  });

  test("every minute of the wall clock, whichever way it is set, where something has happened", async () => {
    const { file, at, open } = setup();
    const checkpointer = open();
    await checkpointer.note();
    at.seq = 4;
    at.wallMs += 59_999;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3]);
    at.wallMs += 1;
    await checkpointer.due();
    at.wallMs += 600_000;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 4]);
    at.seq = 5;
    at.wallMs -= 3_600_000;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 4, 5]);
    // The new checkpointer counts from the newest checkpoint in the file, not from its own start.
    at.seq = 6;
    at.wallMs += 59_999;
    await open().due();
    expect(seqsOf(file)).toEqual([3, 4, 5]);
  });

  test("sooner, where a thousand entries have come since, and from 0 after a reset", async () => {
    const { file, at, open } = setup();
    const checkpointer = open();
    await checkpointer.note();
    at.seq = 1_002;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3]);
    at.seq = 1_003;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 1_003]);
    await checkpointer.noteReset();
    at.seq = 990;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 1_003, "1003 reset"]);
    at.seq = 991;
    await checkpointer.due();
    expect(seqsOf(file)).toEqual([3, 1_003, "1003 reset", 991]);
  });

  test("at a start, unless nothing has happened since the last", async () => {
    const { file, at, open } = setup();
    await open().note();
    await open().note();
    at.seq = 4;
    await open().note();
    expect(seqsOf(file)).toEqual([3, 4]);
  });

  test("before a reset, after which entries are numbered anew", async () => {
    const { file, at, open } = setup();
    await open().note();
    await open().noteReset();
    at.seq = 1;
    await open().note();
    expect(seqsOf(file)).toEqual([3, "3 reset", 1]);
  });
});

/** The lines of three checkpoints. */
const noted = async (): Promise<string[]> => {
  const { file, at, open } = setup();
  for (const seq of [3, 5, 8]) {
    at.seq = seq;
    await open().note();
  }
  return file.lines();
};

describe("verification holds the chains against", () => {
  let asked: readonly KnownLaneHead[] = [];
  const ledger = {
    verifyChains: (known: readonly KnownLaneHead[]): Promise<LedgerVerification> => {
      asked = known;
      return Promise.resolve({ entries: 8, heads: [head(8), OTHER], disagreement: undefined });
    },
  };
  const verify = (lines: readonly string[]): ReturnType<typeof verifyAudit> =>
    verifyAudit(
      ledger,
      { path: "file", lines: () => [...lines], lastLine: () => lines.at(-1), append: () => undefined },
      KEY,
    );

  const disagreement = async (...lines: string[]): Promise<string | undefined> => (await verify(lines)).disagreement;

  test("every checkpoint there is, of every lane", async () => {
    expect(await verify(await noted())).toMatchObject({ intact: true, checkpoints: { count: 3 } });
    expect(asked.map(({ lane, seq }) => [lane, seq])).toEqual(
      [3, 5, 8].flatMap((seq) => [
        ["1", seq],
        ["2", 9],
      ]),
    );
  });

  test("those since the last reset only", async () => {
    const { file, at, open } = setup();
    await open().note();
    await open().noteReset();
    at.seq = 1;
    await open().note();
    expect(await verify(file.lines())).toMatchObject({ intact: true, checkpoints: { count: 1 } });
    expect(asked.map(({ lane, seq }) => [lane, seq])).toEqual([
      ["1", 1],
      ["2", 9],
    ]);
  });

  test("none, where there is none", async () => {
    expect(await verify([])).toMatchObject({ intact: true, checkpoints: { count: 0 } });
  });

  test("and says which line is not as it was written, or is missing", async () => {
    const [one = "", two = "", three = ""] = await noted();
    expect(await disagreement(one, two.replace('"seq":5', '"seq":6'), three)).toBe(
      "Line 2 of the checkpoints is not as it was signed.",
    );
    expect(await disagreement(one, three)).toMatch(/^Line 2 of the checkpoints does not follow/);
    expect(await disagreement(two, three)).toMatch(/^Line 1 of the checkpoints does not follow/);
    expect(await disagreement(one, three, two)).toMatch(/^Line 2 .* does not follow/);
    expect(await disagreement(one, two.slice(0, 30), three)).toBe("Line 2 of the checkpoints is not JSON.");
  });
});
