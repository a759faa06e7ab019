/** What `meterAll` says of a record whose first sending had no end that anybody saw: nothing later proves it undone. */
import type { MeterAllResult, MeterableRecord } from "@countinghouse/client";
import { expect, test } from "vitest";
import { clientOf, quickWorld } from "../support/client.ts";
import { MeteringService, type Happening } from "../support/metering-service.ts";

const record: MeterableRecord = { timestamp: Date.now(), customerIdentifier: "c", dimension: "d", quantity: 1 };

async function meter(happenings: readonly Happening[], maxAttempts: number): Promise<MeterAllResult<MeterableRecord>> {
  const service = await MeteringService.open((index) => happenings[index] ?? happenings.at(-1) ?? "fine");
  const client = clientOf(service.url, { world: quickWorld().world, maxAttempts });
  const [result] = await client.meterAll([record], { productCode: "p", resendsMax: 2 }).toArray();
  if (result === undefined) throw new Error("There is no result.");
  return result;
}

const endings: readonly (readonly [Happening, object])[] = [
  ["unprocessed", { status: "undecided", why: "unprocessed", mayBeMetered: true }],
  ["not subscribed", { status: "undecided", why: "doubtful", mayBeMetered: true }],
  ["duplicates", { status: "undecided", why: "doubtful", mayBeMetered: true, meteringRecordId: "id-1" }],
  ["throttled", { status: "undecided", why: "failed", mayBeMetered: true }],
  ["fine", { status: "accepted", meteringRecordId: "id-1" }],
];
const starts = ["lost before", "lost after", "fault before", "fault after"] as const;

// With three attempts the loss and what follows are one call; with one attempt they are two calls of one run.
const rows = starts.flatMap((start) =>
  [3, 1].flatMap((maxAttempts) => endings.map(([later, result]) => ({ start, later, maxAttempts, result }))),
);
test.each(rows)("$start, then $later ($maxAttempts attempts a call)", async ({ start, later, maxAttempts, result }) => {
  expect(await meter([start, later], maxAttempts)).toMatchObject(result);
});

test.each(["unprocessed", "half unprocessed", "throttled"] as const)("%s first leaves no doubt", async (start) => {
  expect(await meter([start, "duplicates"], 3)).toMatchObject({ status: "duplicate" });
  expect(await meter([start, "not subscribed"], 3)).toMatchObject({ status: "not-subscribed" });
  expect(await meter([start, "unprocessed"], 3)).toMatchObject({ why: "unprocessed", mayBeMetered: false });
});
