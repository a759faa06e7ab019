/**
 * The control plane's due work: gives up silent resources, puts use into the ledger, and forgets past resources. It may break
 * off anywhere, and be done again, here or on another node.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { isForgettable } from "../domain/resources/due.ts";
import { silenceOf } from "../domain/resources/observation.ts";
import type { Call } from "../ledger/entry.ts";
import type { Decision, Ledger, Work } from "../ledger/ledger.ts";
import { accrue } from "./accrue.ts";
import { dueResources } from "./due-resources.ts";
import { observe } from "./observe.ts";

/** How many resources one transaction forgets. */
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
  for await (const resource of dueResources(ledger, nowMs)) {
    if (silenceOf(resource, nowMs) === undefined) continue;
    const { resourceId } = resource;
    const heard = { reason: "conflict", message: `${resourceId} was heard of meanwhile.`, compared: {} } as const;
    await observe(ledger, newCall("GiveUpResource"), {
      resourceId,
      tell: (_nowMs, known) => (known && silenceOf(known, nowMs)) ?? heard,
    });
  }
}

/** Rule H8. */
async function forget(ledger: Ledger, newCall: (operation: string) => Call, nowMs: EpochMs): Promise<void> {
  let past = new Set<string>();
  const forgetPast = async (): Promise<void> => {
    await ledger.transact(forgetting(newCall("ForgetResources"), [...past], nowMs));
    past = new Set();
  };
  for await (const resource of dueResources(ledger, nowMs)) {
    if (!isForgettable(resource, nowMs)) continue;
    past.add(resource.resourceId);
    if (past.size === FORGOTTEN_AT_ONCE) await forgetPast();
  }
  if (past.size > 0) await forgetPast();
}

function forgetting(call: Call, resourceIds: readonly string[], nowMs: EpochMs): Work<undefined> {
  return {
    call,
    keys: [],
    resources: resourceIds,
    decide: ({ resources }): Decision<undefined> => {
      const still = resourceIds.filter((_, i) => isForgettable(resources[i], nowMs));
      return {
        event: { kind: "catalogue-changed", changes: still.map((id) => ({ kind: "resource", id, action: "removed" })) },
        resources: still.map((resourceId) => ({ resourceId, value: undefined })),
        answer: undefined,
      };
    },
  };
}
