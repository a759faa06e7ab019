/** Snapshots of a lab: saved without secrets, and put in place in a lab where nothing has happened yet. */
import { iso } from "@countinghouse/protocol";
import { LedgerMovedError } from "../../ledger/whole-ledger.ts";
import { keptRegistrationKeys } from "../../operations/registration-keys.ts";
import { catalogueOf, loadSnapshot } from "../../snapshot/load-snapshot.ts";
import { readSnapshot } from "../../snapshot/read-snapshot.ts";
import { SnapshotError } from "../../snapshot/snapshot.ts";
import { takeSnapshot } from "../../snapshot/take-snapshot.ts";
import { writeSnapshot } from "../../snapshot/write-snapshot.ts";
import type { OperatorContext } from "../context.ts";
import type { snapshotRoutes } from "../contract/snapshots.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function snapshotHandlers(context: OperatorContext): Handlers<keyof typeof snapshotRoutes> {
  const { ledger, clock, sealer, random } = context;
  const oneByOne = oneAtATime();
  return {
    "POST /snapshot/save": ({ call }) =>
      oneByOne(async () => {
        const { requestId: _, ...mine } = call("SaveSnapshot");
        const snapshot = await takeSnapshot({
          ledger,
          ruleSet: context.server.ruleSet,
          clock: clock.mode,
          program: context.server.version,
          newCall: () => ({ ...mine, requestId: context.newRequestId() }),
        });
        const bytes = await writeSnapshot(snapshot);
        const { savedAtMs, catalogue, resources, entries } = snapshot;
        return {
          file: Buffer.from(bytes).toString("base64"),
          savedAt: iso(savedAtMs),
          objects: catalogue.length,
          resources: resources.length,
          entries: entries.length,
        };
      }),
    "POST /snapshot/load": ({ body: { file }, call }) =>
      oneByOne(async () => {
        const snapshot = await readSnapshot(Buffer.from(file, "base64"));
        const { changes, madeKeys } = catalogueOf(snapshot, ledger.catalogue, { sealer, random });
        await loadSnapshot({
          ledger,
          clock,
          call: call("LoadSnapshot"),
          snapshot,
          catalogueAfter: (before) => [...changes, ...keptRegistrationKeys(before)],
          madeKeys,
          ontoEmpty: true,
          beforeReplaced: () => context.keeping.beforeReset(),
        });
        context.faults.clear();
        await context.workload.resourcesChanged();
        const { savedAtMs, program, ruleSet, catalogue, resources, entries } = snapshot;
        return {
          savedAt: iso(savedAtMs),
          now: iso(clock.nowMs()),
          savedBy: program,
          ruleSet,
          objects: catalogue.length,
          resources: resources.length,
          entries: entries.length,
          accessKeys: [...madeKeys],
        };
      }),
  };
}

/** A snapshot is held in memory while it is worked on, so there is one at a time. */
function oneAtATime(): <T>(run: () => Promise<T>) => Promise<T> {
  let isBusy = false;
  return async (run) => {
    if (isBusy)
      throw new ProblemError(409, "Another snapshot is being saved or loaded: try again when that has ended.");
    isBusy = true;
    try {
      return await run();
    } catch (error) {
      if (error instanceof SnapshotError) throw new ProblemError(409, error.message);
      if (error instanceof LedgerMovedError) {
        throw new ProblemError(409, "Something was written into the lab meanwhile, so it is not empty any more.");
      }
      throw error;
    } finally {
      isBusy = false;
    }
  };
}
