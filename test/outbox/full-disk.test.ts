/** A full disk: nothing that was acknowledged goes, nothing else is kept, and recording goes on when there is space. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openOutbox } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { LoopDisk, noLoopDisks } from "../support/loop-disk.ts";
import { METERS } from "./model/lived.ts";

const AT = new Date("2026-11-10T10:00:00Z");

test("record throws on a full disk, in words, and goes on when there is space: O1", async (context) => {
  const reason = noLoopDisks("full disk of an outbox");
  if (reason !== undefined) context.skip(reason);
  const disk = new LoopDisk(16);
  onTestFinished(() => disk.remove());
  disk.mount();
  const outbox = await openOutbox({
    name: "full",
    store: sqliteStore(join(disk.path, "usage.outbox")),
    meters: METERS,
  });
  onTestFinished(() => outbox.close());
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(8 * 1_048_576));
  const acknowledged: string[] = [];
  let refusal: unknown;
  for (let group = 0; refusal === undefined && group < 5_000; group += 1) {
    const readings = Array.from({ length: 50 }, (_, n) => ({
      readingId: `${group}-${n}`,
      tenant: "t",
      meter: "seats",
      quantity: 1,
      at: AT,
    }));
    try {
      const answers = await outbox.record(readings);
      acknowledged.push(...answers.map(({ readingId }) => readingId));
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({
    name: "OutboxError",
    code: "store",
    message: expect.stringMatching(/disk is full|cannot be read or written/) as string,
  });
  rmSync(ballast);
  expect(await outbox.record({ readingId: "after", tenant: "t", meter: "seats", quantity: 1, at: AT })).toMatchObject([
    { answer: "recorded" },
  ]);
  const { totals, ok } = await outbox.verify();
  expect(ok).toBe(true);
  expect(totals.reduce((sum, { readings }) => sum + readings, 0)).toBe(acknowledged.length + 1);
});
