/** Takes a snapshot of a ledger that goes on: everything as of one moment, or nothing. */
import type { EpochMs, RuleSetName } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { EMBEDDED_LANE } from "../ledger/chain-head.ts";
import type { EncodedEntry } from "../ledger/entry-codec.ts";
import type { Call } from "../ledger/entry.ts";
import type { Decision, Ledger } from "../ledger/ledger.ts";
import type { WholeLedger } from "../ledger/whole-ledger.ts";
import {
  SNAPSHOT_KINDS,
  SNAPSHOT_TEXT_BYTES_MAX,
  SnapshotError,
  idOf,
  type Snapshot,
  type SnapshotObject,
} from "./snapshot.ts";
import { tooLong } from "./write-snapshot.ts";

interface TakeOptions {
  readonly ledger: Ledger;
  readonly ruleSet: RuleSetName;
  readonly clock: Snapshot["clock"];
  /** The program's version. */
  readonly program: string;
  /** A call with a new request id: each try is an entry of its own. */
  readonly newCall: () => Call;
}

const TRIES = 3;
const PAGE = 1_000;

/** Throws SnapshotError where the store cannot, where entries have expired, or where the lab is never at rest. */
export async function takeSnapshot(options: TakeOptions): Promise<Snapshot> {
  const { ledger, ruleSet, clock, program, newCall } = options;
  const { whole } = ledger;
  if (whole === undefined) throw ofSeveralWriters();
  if ((await ledger.keptSince()) !== undefined) {
    throw new SnapshotError(
      "Entries of this lab have expired, so a snapshot would not hold all of it: use countinghouse store backup.",
    );
  }
  for (let tries = 0; tries < TRIES; tries += 1) {
    const call = newCall();
    const { catalogue, atMs } = await mark(ledger, call);
    const resources = await allResources(ledger);
    // Whatever changes a resource makes an entry: where this one is still the newest, they are as they were with it.
    const heads = await ledger.chainHeads();
    const seq = heads.find(({ lane }) => lane === EMBEDDED_LANE)?.seq ?? 0;
    const [newest] = await whole.rows(seq, 1);
    if (newest?.entry.requestId !== call.requestId) continue;
    const entries = await allEntries(whole, seq);
    const last = entries.at(-1);
    if (last?.requestId !== call.requestId) continue;
    return { program, savedAtMs: Math.max(atMs, last.atMs), ruleSet, clock, catalogue, resources, entries };
  }
  throw new SnapshotError("The lab was written to while it was read: try again when no calls come in.");
}

export function ofSeveralWriters(): SnapshotError {
  return new SnapshotError(
    "A ledger in PostgreSQL, which several servers may write, has no snapshots: use PostgreSQL's own backups.",
  );
}

/** The entry that the snapshot ends with, and the catalogue as of it. */
function mark(
  ledger: Ledger,
  call: Call,
): Promise<{ readonly catalogue: readonly SnapshotObject[]; readonly atMs: EpochMs }> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue, nowMs }): Decision<{ catalogue: readonly SnapshotObject[]; atMs: EpochMs }> => ({
      event: { kind: "snapshot-saved" },
      answer: { catalogue: objectsOf(catalogue), atMs: Math.ceil(nowMs) },
    }),
  });
}

function objectsOf(catalogue: CatalogueView): SnapshotObject[] {
  return SNAPSHOT_KINDS.flatMap((kind) =>
    catalogue.list(kind).map((value): SnapshotObject => ({ kind, id: idOf(kind, value), value: withoutSecret(value) })),
  );
}

/** Of an issuer, where its keys are read: paths of this machine are nobody else's business, and of no use to anybody. */
const OF_THIS_MACHINE: ReadonlySet<string> = new Set(["jwksFile", "jwksUrl", "caFile"]);

function withoutSecret(value: object): SnapshotObject["value"] {
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => !name.startsWith("sealed") && !OF_THIS_MACHINE.has(name)),
  );
}

async function allResources(ledger: Ledger): Promise<MeteredResource[]> {
  const found: MeteredResource[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.resources({ cursor, limit: PAGE });
    found.push(...page.items);
    if (found.length * 100 > SNAPSHOT_TEXT_BYTES_MAX) throw tooLong();
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

async function allEntries(whole: WholeLedger, throughSeq: number): Promise<EncodedEntry[]> {
  const entries: EncodedEntry[] = [];
  let characters = 0;
  while (entries.length < throughSeq) {
    const rows = await whole.rows(entries.length + 1, Math.min(PAGE, throughSeq - entries.length));
    if (rows.length === 0) return [];
    for (const { entry } of rows) {
      characters += entry.body.length;
      if (characters > SNAPSHOT_TEXT_BYTES_MAX) throw tooLong();
      entries.push(entry);
    }
  }
  return entries;
}
