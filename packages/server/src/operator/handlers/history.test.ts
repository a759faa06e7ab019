import { HOUR_MS, iso } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { MARKET, callOf, place, task } from "../../../testing/control-plane.ts";
import { START_MS, ledgerOver } from "../../../testing/contract/ledger-under-test.ts";
import { put } from "../../../testing/contract/works.ts";
import { controlPlaneWork } from "../../control-plane/due-work.ts";
import { endResource } from "../../control-plane/observe.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { MemoryEngine } from "../../stores/memory/memory-engine.ts";
import type { OperatorContext } from "../context.ts";
import { historyHandlers } from "./history.ts";

type Use = Awaited<ReturnType<ReturnType<typeof historyHandlers>["GET /resources/{id}/use"]>>;

const secondsOf = ({ hours }: Use): number => hours.reduce((sum, { seconds }) => sum + seconds, 0);

test("Rule H4: use that is written, or adjusted, while a resource's use is told is told once", async () => {
  const engine = new MemoryEngine();
  const made = await ledgerOver(
    () => engine,
    () => {},
  );
  onTestFinished(() => made.remove());
  const { ledger, clock } = made;
  const pod = task("pod", { startedAtMs: START_MS });
  await ledger.transact(put([...MARKET]));
  await place(ledger, pod);
  clock.moveTo(START_MS + 20 * HOUR_MS);
  await controlPlaneWork(ledger, callOf, clock.nowMs());
  const toldWhile = async (happens: () => Promise<void>): Promise<Use> => {
    const whileWritten = Object.create(ledger, {
      catalogue: { get: () => ledger.catalogue },
      findResources: { value: (ids: readonly string[]) => ledger.findResources(ids) },
      meteringRecords: {
        value: async (query: Parameters<Ledger["meteringRecords"]>[0]) => {
          await happens();
          return ledger.meteringRecords(query);
        },
      },
    }) as Ledger;
    const handlers = historyHandlers({ ledger: whileWritten, clock } as unknown as OperatorContext);
    const query = { from: iso(START_MS), to: iso(START_MS + 40 * HOUR_MS) };
    return handlers["GET /resources/{id}/use"]({ params: { id: pod.resourceId }, query } as never);
  };
  clock.moveTo(START_MS + 30 * HOUR_MS);
  const written = await toldWhile(() => controlPlaneWork(ledger, callOf, clock.nowMs()));
  expect(secondsOf(written)).toBe(30 * 3_600);
  const adjusted = await toldWhile(async () => {
    await endResource(ledger, callOf("StopResource"), pod.resourceId, START_MS + 5 * HOUR_MS, {});
    await controlPlaneWork(ledger, callOf, clock.nowMs());
  });
  // By what was known when it was asked for: it still ran.
  expect(secondsOf(adjusted)).toBe(30 * 3_600);
  expect(secondsOf(await toldWhile(() => Promise.resolve()))).toBe(5 * 3_600);
});
