/**
 * The control plane's due work: gives up resources that nothing is heard of, puts use into the ledger, forgets what is past.
 * It may be broken off anywhere, and done again, here or elsewhere.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { isSettled } from "../domain/resources/accrual.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { isGivenUp, isPast, silenceOf } from "../domain/resources/observation.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { accrue } from "./accrue.ts";
import { observe } from "./observe.ts";

/** Resources that are forgotten in one transaction. */
const FORGOTTEN_AT_ONCE = 200;

export async function controlPlaneWork(
  ledger: Ledger,
  newCall: (operation: string) => Call,
  nowMs: EpochMs,
): Promise<void> {
  if (!(await ledger.holdLease("control-plane"))) return;
  await giveUp(ledger, newCall, nowMs);
  await accrue(ledger, () => newCall("AccrueUsage"), nowMs);
  await forget(ledger, newCall, nowMs);
}

/** Rule H7. */
async function giveUp(ledger: Ledger, newCall: (operation: string) => Call, nowMs: EpochMs): Promise<void> {
  for (const { resourceId } of ledger.catalogue.list("resource")) {
    const silence = silenceIn(ledger.catalogue, resourceId, nowMs);
    if (silence === undefined) continue;
    await observe(ledger, newCall("GiveUpResource"), (_nowMs, catalogue) => {
      const heard = { reason: "conflict", message: `${resourceId} was heard of meanwhile.`, compared: {} } as const;
      return silenceIn(catalogue, resourceId, nowMs) ?? heard;
    });
  }
}

function silenceIn(catalogue: CatalogueView, id: string, nowMs: EpochMs): ReturnType<typeof silenceOf> {
  const resource = catalogue.resource(id);
  return resource && silenceOf(resource, nowMs);
}

/** Rule H8. */
async function forget(ledger: Ledger, newCall: (operation: string) => Call, nowMs: EpochMs): Promise<void> {
  const past = ledger.catalogue.list("resource").filter((resource) => isForgettable(resource, nowMs));
  for (let from = 0; from < past.length; from += FORGOTTEN_AT_ONCE) {
    const ids = past.slice(from, from + FORGOTTEN_AT_ONCE).map(({ resourceId }) => resourceId);
    await ledger.transact({
      call: newCall("ForgetResources"),
      keys: [],
      decide: ({ catalogue }): Decision<undefined> => {
        const still = ids.filter((id) => isForgettable(catalogue.resource(id), nowMs));
        const changes = still.map((id): CatalogueChange => ({ kind: "resource", id, value: undefined }));
        return {
          event: {
            kind: "catalogue-changed",
            changes: still.map((id) => ({ kind: "resource", id, action: "removed" })),
          },
          catalogue: changes,
          answer: undefined,
        };
      },
    });
  }
}

function isForgettable(resource: MeteredResource | undefined, nowMs: EpochMs): boolean {
  return (
    resource !== undefined &&
    resource.stoppedAtMs !== undefined &&
    // From when it was told: a wrong end can still be put right, and hours of before are too old to be met again.
    isPast(Math.max(resource.stoppedAtMs, resource.heardAtMs), nowMs) &&
    // What is registered and was only given up may be running; its end is yet to be told.
    (resource.registrations.length === 0 || !isGivenUp(resource)) &&
    resource.registrations.every((registration) => isSettled(resource, registration))
  );
}
