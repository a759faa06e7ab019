/**
 * What a server does by itself: it writes checkpoints of the audit trail, puts use of registered resources into the ledger,
 * keeps the numbers of calls that were not kept, and removes expired entries.
 */
import { setOtherwise } from "./catalogue/apply.ts";
import { verifyAudit, type AuditVerification } from "./checkpoints/audit-verification.ts";
import { signingKeyOf } from "./checkpoints/checkpoint.ts";
import { checkpointFileOf, type CheckpointFile } from "./checkpoints/checkpoint-file.ts";
import { Checkpointer } from "./checkpoints/checkpointer.ts";
import { ConfigError, type ServeConfig } from "./config.ts";
import { controlPlaneWork } from "./control-plane/due-work.ts";
import { UnkeptCalls } from "./operations/unkept-calls.ts";
import type { Call } from "./ledger/entry.ts";
import { requestId } from "./ledger/ids.ts";
import { DefectError, FaultError } from "./ledger/ledger.ts";
import type { OnRead } from "./ledger/verification.ts";
import type { OpenedLedger } from "./open-ledger.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

const MINUTE_MS = 60_000;
/** Leases run for 20 seconds, so a node takes over from one that has died within 30. */
const DUE_WORK_MS = 10_000;
const DAY_MS = 86_400_000;
const PROBE_MS = 1_000;

export interface Keeping {
  readonly unkept: UnkeptCalls;
  /** Objects of this server's catalogue file that another server's file has since set differently. */
  setOtherwise(): readonly string[];
  /** Does the work that is due at the service clock's present time. */
  dueWork(): Promise<void>;
  beforeReset(): Promise<void>;
  verifyAudit(onRead: OnRead): Promise<AuditVerification>;
  /** Finishes what is left to be done. */
  stop(): Promise<void>;
}

interface KeepingListeners {
  readonly onError: (error: unknown) => void;
  /** Called whenever the list of such objects changes; with an empty list when it has been settled. */
  readonly onSetOtherwise: (objects: readonly string[]) => void;
}

/** Writes the first checkpoint. If it cannot, closes the store and throws ConfigError. */
export async function startKeeping(
  config: ServeConfig,
  { ledger, clock, sealer, catalogueFile }: OpenedLedger,
  world: World,
  { onError, onSetOtherwise }: KeepingListeners,
): Promise<Keeping> {
  const { wallMs } = world;
  const newCall = (operation: string): Call => ({
    requestId: requestId(wallMs(), world.uuid()),
    operation,
    principal: "operator",
    sourceAddress: "",
    userAgent: `countinghouse/${VERSION}`,
  });
  const unkept = new UnkeptCalls({ ledger, wallMs, newCall });
  const file = checkpointFileOf(config);
  const key = signingKeyOf(sealer.derive("checkpoints"));
  const checkpointer = await ledgerClosedOnError(ledger, file, async () => {
    const made = new Checkpointer({ ledger, file, key, nowMs: () => clock.nowMs(), wallMs });
    await made.note();
    return made;
  });

  const work = async (): Promise<void> => {
    // Comes before the checkpoint, which may fail: use must be metered in time all the same.
    await controlPlaneWork(ledger, newCall, clock.nowMs());
    // Comes before expiry, so that a checkpoint covers the entries that then expire.
    await checkpointer.due();
    if (config.retentionDays === undefined) return;
    await ledger.expire(() => newCall("ExpireEntries"), clock.nowMs() - config.retentionDays * DAY_MS);
  };
  let last = Promise.resolve();
  let waiting = 0;
  /** Runs rounds one after the other, however often it is called. What fails is reported, and is due again. */
  const dueWork = (): Promise<void> => {
    waiting += 1;
    last = last.then(async () => {
      await work().catch(onError);
      waiting -= 1;
    });
    return last;
  };
  let otherwise: readonly string[] = [];
  const lookForOtherFiles = (): void => {
    const found = setOtherwise(catalogueFile, ledger.catalogue);
    if (found.join() === otherwise.join()) return;
    otherwise = found;
    onSetOtherwise(found);
  };
  const stopTimers = [
    world.every(DUE_WORK_MS, lookForOtherFiles),
    world.every(MINUTE_MS, () => void unkept.flush()),
    world.every(PROBE_MS, () => void ledger.probe()),
    world.every(DUE_WORK_MS, () => {
      if (waiting === 0) void dueWork();
    }),
  ];
  return {
    unkept,
    setOtherwise: () => otherwise,
    dueWork,
    beforeReset: async () => {
      try {
        await checkpointer.noteReset();
      } catch (error) {
        if (error instanceof FaultError || error instanceof DefectError) throw error;
        throw new FaultError("The checkpoints could not be written, so the ledger is left as it is", error);
      }
    },
    verifyAudit: (onRead) => verifyAudit(ledger, file, key, onRead),
    stop: async () => {
      for (const stopTimer of stopTimers) stopTimer();
      await last;
      await unkept.flush();
      await checkpointer.note().catch(onError);
    },
  };
}

async function ledgerClosedOnError<T>(
  ledger: OpenedLedger["ledger"],
  { path }: CheckpointFile,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await ledger.close();
    if (error instanceof FaultError) throw error;
    throw new ConfigError(`The checkpoints cannot be written to ${path}: ${(error as Error).message}`);
  }
}
