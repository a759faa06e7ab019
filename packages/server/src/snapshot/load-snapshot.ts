/** Puts a snapshot in place of a lab's ledger: all of it in one transaction, or nothing. */
import { iso, printable, type EpochMs } from "@countinghouse/protocol";
import { accountView } from "../catalogue/documents.ts";
import { productView } from "../catalogue/product-documents.ts";
import { shapeProblem } from "../catalogue/shape-problem.ts";
import type { AccessKey } from "../domain/catalogue/account.ts";
import {
  Catalogue,
  type CatalogueChange,
  type CatalogueKind,
  type CatalogueView,
} from "../domain/catalogue/catalogue.ts";
import type { Issuer } from "../domain/catalogue/issuer.ts";
import { referenceProblem } from "../domain/catalogue/references.ts";
import { newSecretAccessKey, sealSecret } from "../identity/access-keys.ts";
import type { Sealer } from "../identity/seal.ts";
import { acceptedRecords } from "../ledger/accepted-records.ts";
import { EMBEDDED_LANE } from "../ledger/chain-head.ts";
import { attributesOf } from "../ledger/entry-attributes.ts";
import { decodeEntry, type EncodedEntry } from "../ledger/entry-codec.ts";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import type { StagedEntry } from "../ledger/engine.ts";
import type { CatalogueAfter, Decision, Ledger } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";
import type { WholeLedger } from "../ledger/whole-ledger.ts";
import { SNAPSHOT_KINDS, SnapshotError, idOf, type Snapshot } from "./snapshot.ts";
import { ofSeveralWriters } from "./take-snapshot.ts";

/** An access key of the snapshot, with the secret that it has from now on. */
interface MadeKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly userName: string;
}

interface Secrets {
  readonly sealer: Sealer;
  readonly random: (bytes: number) => Buffer;
}

/** The catalogue of a snapshot as it is to be put in place, and the access keys that were given a new secret for it. */
interface SnapshotCatalogue {
  readonly changes: readonly CatalogueChange[];
  readonly madeKeys: readonly MadeKey[];
}

/**
 * Secrets are no part of a snapshot. A key that `before` has as well, of the same user, keeps the secret that it has there: two
 * labs that were started with one catalogue file have the same. Every other key gets a new one. Likewise an issuer's keys are
 * read from where `before` has it, or from nowhere: a snapshot must not say which of this machine's files, and which addresses, the
 * server reads. Objects that the lab's own catalogue file has named count as said: the next start changes them only where the file
 * has changed. Throws SnapshotError.
 */
export function catalogueOf(
  { catalogue, savedAtMs }: Snapshot,
  before: CatalogueView,
  { sealer, random }: Secrets,
): SnapshotCatalogue {
  const madeKeys: MadeKey[] = [];
  const objects = catalogue.map(({ kind, id, value }): CatalogueChange => {
    if (kind === "issuer") {
      const { jwksFile, jwksUrl, caFile } = before.issuer(id) ?? {};
      return { kind, id, value: { ...(value as unknown as Issuer), jwksFile, jwksUrl, caFile } };
    }
    if (kind !== "access-key") return { kind, id, value } as unknown as CatalogueChange;
    const key = value as unknown as Omit<AccessKey, "sealedSecret">;
    const same = before.accessKey(id);
    if (same?.accountId === key.accountId && same.userName === key.userName) {
      return { kind, id, value: { ...key, sealedSecret: same.sealedSecret } };
    }
    const secretAccessKey = newSecretAccessKey(random);
    const { accountId, userName } = key;
    madeKeys.push({ accessKeyId: id, secretAccessKey, accountId, userName });
    return { kind, id, value: { ...key, sealedSecret: sealSecret(sealer, id, secretAccessKey) } };
  });
  refuseUnsound(objects, savedAtMs);
  return {
    changes: [...objects.map((change) => ({ ...change, ...saidOf(before, change) })), ...gone(before, objects)],
    madeKeys,
  };
}

/** Throws SnapshotError where an object names another that is not there, is none, or could not be shown. */
function refuseUnsound(objects: readonly CatalogueChange[], nowMs: EpochMs): void {
  const whole = legible(() => new Catalogue(objects));
  for (const change of objects) {
    const where = `${change.kind} ${printable(change.id)}`;
    const shape = legible(() => {
      show(change, whole, nowMs);
      return shapeProblem(change, nowMs);
    }, where);
    if (shape !== undefined) {
      throw new SnapshotError(`The snapshot's catalogue cannot be read: ${where} is not what it should be (${shape}).`);
    }
    const problem = legible(() => referenceProblem(change, whole, whole), where);
    if (problem === undefined) continue;
    const what = `${where}: ${problem.path.join(".")} ${problem.message}`;
    throw new SnapshotError(`The snapshot's catalogue does not fit together: ${what}.`);
  }
}

function legible<T>(read: () => T, where = "an object"): T {
  try {
    return read();
  } catch {
    throw new SnapshotError(`The snapshot's catalogue cannot be read: ${where} is not what it should be.`);
  }
}

/** As the operator API would: what it could not show would be in the way of all that it lists. */
function show(change: CatalogueChange, whole: CatalogueView, nowMs: EpochMs): void {
  if (change.value === undefined) return;
  if (change.kind === "account") accountView(change.value, whole);
  if (change.kind === "product") refusePriceless(productView(change.value, nowMs).dimensions);
}

const PRICE = /^\d+(?:\.\d+)?$/;

/** What has no price by intent says none; one that cannot be reckoned with would be in the way of every report. */
function refusePriceless(dimensions: readonly { readonly price?: unknown }[]): void {
  if (dimensions.some(({ price }) => price !== undefined && !(typeof price === "string" && PRICE.test(price)))) {
    throw new TypeError("a price that is no number");
  }
}

type Said = Pick<CatalogueChange, "fileDigest">;

function saidOf(before: CatalogueView, { kind, id }: { readonly kind: CatalogueKind; readonly id: string }): Said {
  const fileDigest = before.fileDigest(kind, id);
  return fileDigest === undefined ? {} : { fileDigest };
}

/** What the lab's catalogue file has named and the snapshot has not: it stays away until the file says something new of it. */
function gone(before: CatalogueView, objects: readonly CatalogueChange[]): CatalogueChange[] {
  const kept = new Set(objects.map(({ kind, id }) => `${kind}\n${id}`));
  const changes = SNAPSHOT_KINDS.flatMap((kind) =>
    before.list(kind).map((value) => ({ kind, id: idOf(kind, value) })),
  ).filter(({ kind, id }) => !kept.has(`${kind}\n${id}`) && before.fileDigest(kind, id) !== undefined);
  return changes.map(({ kind, id }) => ({ kind, id, value: undefined, ...saidOf(before, { kind, id }) }));
}

interface LoadOptions {
  readonly ledger: Ledger;
  /** This lab's. */
  readonly clock: { readonly mode: Snapshot["clock"]; nowMs(): EpochMs };
  readonly call: Call;
  readonly snapshot: Snapshot;
  readonly catalogueAfter: CatalogueAfter;
  readonly madeKeys: readonly MadeKey[];
  /** Whether the lab must be empty so far. */
  readonly ontoEmpty: boolean;
  /** Called when nothing is known that speaks against it. */
  readonly beforeReplaced: () => Promise<void>;
}

/**
 * Throws SnapshotError where the lab is not empty, or its clock cannot stand where the snapshot's stood; LedgerMovedError where
 * something was written meanwhile.
 */
export async function loadSnapshot(options: LoadOptions): Promise<void> {
  const { ledger, clock, call, snapshot, catalogueAfter, madeKeys, ontoEmpty, beforeReplaced } = options;
  const { whole } = ledger;
  if (whole === undefined) throw ofSeveralWriters();
  const onto = ontoEmpty ? await emptyHead(ledger, whole) : undefined;
  const { savedAtMs } = snapshot;
  const entries = snapshot.entries.map(stagedOf);
  const event: LedgerEvent = {
    kind: "snapshot-loaded",
    entries: entries.length,
    savedAtMs,
    accessKeyIds: madeKeys.map(({ accessKeyId }) => accessKeyId),
  };
  if (clock.mode === "system" && (snapshot.clock !== "system" || clock.nowMs() < savedAtMs)) throw behind(snapshot);
  const decide = ({ catalogue, nowMs }: { catalogue: CatalogueView; nowMs: number }): Decision<undefined> => {
    const moves = clock.mode !== "system";
    const atMs = moves ? savedAtMs : nowMs;
    if (atMs < savedAtMs) throw behind(snapshot);
    const contents = { entries, resources: snapshot.resources.map(putResource), atMs };
    const after = catalogueAfter(catalogue);
    return { event, contents, catalogue: after, ...(moves ? { moveClockTo: savedAtMs } : {}), answer: undefined };
  };
  await beforeReplaced();
  await whole.replace({ call, keys: [], decide }, onto);
}

function behind({ savedAtMs, clock }: Snapshot): SnapshotError {
  return new SnapshotError(
    `The snapshot's clock (${clock}) stood at ${iso(savedAtMs)}, and this lab's is the system clock, which cannot stand there: start it with --clock manual.`,
  );
}

function stagedOf(entry: EncodedEntry): StagedEntry {
  const decoded = decodeEntry(entry);
  const accrued = decoded.event.kind === "usage-accrued";
  return { entry, attributes: attributesOf(decoded), accrued, records: acceptedRecords(decoded) };
}

/** What an operator does before there is anything to lose. */
const OF_AN_EMPTY_LAB: ReadonlySet<LedgerEvent["kind"]> = new Set<LedgerEvent["kind"]>([
  "clock-moved",
  "start-accepted",
  "lost-tail-accepted",
  "trail-read",
  "ledger-reset",
  "fault-added",
  "faults-removed",
  "calls-not-kept",
  "snapshot-saved",
]);
/** What a start does by itself. */
const OF_A_START: ReadonlySet<string> = new Set(["ApplyCatalogue", "CreateRegistrationKey"]);
const ENTRIES_LOOKED_AT_MAX = 10_000;
const PAGE = 500;

/** The number of the newest entry of a lab in which nothing has happened. Throws SnapshotError where something has. */
async function emptyHead(ledger: Ledger, whole: WholeLedger): Promise<number> {
  const heads = await ledger.chainHeads();
  const seq = heads.find(({ lane }) => lane === EMBEDDED_LANE)?.seq ?? 0;
  if (seq > ENTRIES_LOOKED_AT_MAX || (await ledger.keptSince()) !== undefined) throw notEmpty("it has many entries");
  for (let from = 1; from <= seq; from += PAGE) {
    for (const { entry } of await whole.rows(from, Math.min(PAGE, seq - from + 1))) {
      const { call, event } = decodeEntry(entry);
      const isOfStart = event.kind === "catalogue-changed" && OF_A_START.has(call.operation);
      if (!isOfStart && !OF_AN_EMPTY_LAB.has(event.kind)) throw notEmpty(`${call.operation} was called`);
    }
  }
  return seq;
}

function notEmpty(why: string): SnapshotError {
  return new SnapshotError(
    `A snapshot is loaded into an empty lab only, and this one is not empty (${why}): start another one, or empty this one with countinghouse reset.`,
  );
}
