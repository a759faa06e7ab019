/** Changes the settings that all servers of a ledger in PostgreSQL share, while none of them runs. */
import { ruleSets } from "@countinghouse/protocol";
import { startClock } from "./clock.ts";
import type { SharedSettings } from "./domain/shared-settings.ts";
import { requestId } from "./ledger/ids.ts";
import { changeSettings } from "./operations/shared-settings.ts";
import { openPostgres } from "./stores/postgres/open-postgres.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

interface ChangedSettings {
  /** Absent where no server has started on the ledger yet: the first one sets them. */
  readonly before: SharedSettings | undefined;
  readonly after: SharedSettings | undefined;
}

/**
 * Changes the given settings, with one entry in the trail; where none are given, answers the present ones. Neither makes nor
 * migrates the ledger. Throws ServersConnectedError while servers are connected, and what opening the ledger throws.
 */
export async function changeSharedSettings(
  url: string,
  change: Partial<SharedSettings>,
  world: World,
): Promise<ChangedSettings> {
  const isChange = Object.keys(change).length > 0;
  const opened = await openPostgres(url, world, { alone: isChange, asItIs: true });
  const { monotonicMs, sleep, every, schedule, wallMs } = world;
  const mode = opened.loaded.clock?.mode ?? "system";
  // The ledger's shared clock gives the entry its time.
  const ledger = opened.open({
    clock: startClock({ mode, acceptNewestAhead: true }, opened.loaded, wallMs),
    ruleSet: ruleSets.classic,
    queuedMax: 1,
    groupMax: 1,
    lanes: 1,
    fraction: () => 0,
    monotonicMs,
    sleep,
    every,
    schedule,
  });
  try {
    const before = ledger.catalogue.sharedSettings();
    if (!isChange || before === undefined) return { before, after: before };
    const call = {
      requestId: requestId(wallMs(), world.uuid()),
      operation: "ChangeSettings",
      principal: "operator",
      sourceAddress: "",
      userAgent: `countinghouse/${VERSION}`,
    };
    return await changeSettings(ledger, call, change);
  } finally {
    await ledger.close();
  }
}
