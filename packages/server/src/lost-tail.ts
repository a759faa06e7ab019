/**
 * A ledger whose newest entries are missing is not served, unless the operator accepts that. The store says what it finds
 * missing itself; the newest checkpoint, which is signed and kept apart, shows the rest.
 */
import { readLine, signingKeyOf } from "./checkpoints/checkpoint.ts";
import { checkpointFileOf } from "./checkpoints/checkpoint-file.ts";
import type { ServeConfig } from "./config.ts";
import type { Sealer } from "./identity/seal.ts";
import type { Loaded } from "./ledger/engine.ts";
import type { Call } from "./ledger/entry.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { LostTailError } from "./ledger/lost-tail.ts";

/** Keeps an entry that says what is missing and that it was accepted. Throws LostTailError where it was not accepted. */
export async function acceptLostTail(
  config: ServeConfig,
  ledger: Ledger,
  { lostTail }: Loaded,
  sealer: Sealer,
  call: Call,
): Promise<void> {
  // With several writers, a checkpoint may know of a commit that is not visible yet, or the database was set back on purpose.
  if (config.store.kind !== "sqlite") return;
  const { folder } = config.store;
  const found = [lostTail, await beyondCheckpoint(config, ledger, sealer)]
    .filter((text) => text !== undefined)
    .join(" ");
  if (found === "") return;
  if (!config.acceptLostTail) throw new LostTailError(folder, found);
  await ledger.transact({
    call,
    keys: [],
    decide: () => ({ event: { kind: "lost-tail-accepted", found }, answer: undefined }),
  });
}

async function beyondCheckpoint(config: ServeConfig, ledger: Ledger, sealer: Sealer): Promise<string | undefined> {
  const file = checkpointFileOf(config);
  const line = file.lastLine();
  const checkpoint = line === undefined ? undefined : readLine(line, signingKeyOf(sealer.derive("checkpoints")));
  // The verification of the trail reports a checkpoint that cannot be read, or that another key signed.
  if (checkpoint === undefined || typeof checkpoint === "string" || checkpoint.reset === true) return undefined;
  for (const { lane, seq } of await ledger.chainHeads()) {
    const known = checkpoint.lanes.find((head) => head.lane === lane);
    if (known === undefined || known.seq <= seq) continue;
    return `It ends at entry ${seq}, but the checkpoint of ${checkpoint.at} (${file.path}) knows of entry ${known.seq}: at least ${known.seq - seq} entries are missing.`;
  }
  return undefined;
}
