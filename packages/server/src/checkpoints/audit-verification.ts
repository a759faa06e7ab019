/** Verifies the audit trail: first the checkpoints by themselves, then the ledger's chains against them. */
import type { LaneHead } from "../ledger/chain-head.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { KnownLaneHead, OnRead } from "../ledger/verification.ts";
import { lineHash, readLine, type SigningKey } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";

export interface AuditVerification {
  readonly intact: boolean;
  /** How many entries were read and found as they were written. */
  readonly entries: number;
  /** The head of each lane; where its chain breaks, the last head that is in order. */
  readonly heads: readonly LaneHead[];
  readonly checkpoints: {
    /** How many checkpoints there are since the ledger was last emptied. */
    readonly count: number;
    readonly newestAt?: string | undefined;
    readonly file: string;
    /** The fingerprint of the key that signs checkpoints. */
    readonly keyFingerprint: string;
  };
  /** The first thing that is not as it was written. */
  readonly disagreement?: string | undefined;
}

export async function verifyAudit(
  ledger: Pick<Ledger, "verifyChains">,
  file: CheckpointFile,
  key: SigningKey,
  onRead?: OnRead,
): Promise<AuditVerification> {
  const read = readCheckpoints(file.lines(), key);
  const { entries, heads, disagreement = read.disagreement } = await ledger.verifyChains(read.known, onRead);
  return {
    intact: disagreement === undefined,
    entries,
    heads,
    checkpoints: {
      count: read.count,
      newestAt: read.newestAt,
      file: file.path,
      keyFingerprint: key.fingerprint,
    },
    disagreement,
  };
}

interface ReadCheckpoints {
  readonly count: number;
  readonly known: readonly KnownLaneHead[];
  readonly newestAt?: string | undefined;
  readonly disagreement?: string | undefined;
}

/** Checkpoints before the last reset are about entries that are gone. */
function readCheckpoints(lines: readonly string[], key: SigningKey): ReadCheckpoints {
  let known: KnownLaneHead[] = [];
  let count = 0;
  let newestAt: string | undefined;
  let disagreement: string | undefined;
  for (const [i, line] of lines.entries()) {
    const checkpoint = readLine(line, key);
    if (typeof checkpoint === "string") {
      disagreement ??= `Line ${i + 1} of the checkpoints ${checkpoint}.`;
      continue;
    }
    const before = i === 0 ? null : lineHash(lines[i - 1] as string);
    if (checkpoint.before !== before) {
      disagreement ??= `Line ${i + 1} of the checkpoints does not follow on the one before it: one is missing or was moved.`;
    }
    count = checkpoint.reset === true ? 0 : count + 1;
    if (checkpoint.reset === true) known = [];
    else known.push(...checkpoint.lanes.map((head) => ({ ...head, source: `the checkpoint of ${checkpoint.at}` })));
    newestAt = checkpoint.at;
  }
  return { count, known, newestAt, disagreement };
}
