/** Reads a snapshot's file, and refuses what is none, is damaged, or contradicts itself: nothing of it has been put anywhere yet. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readTime, ruleSets, type RuleSetName } from "@countinghouse/protocol";
import { cloudTrailRecord } from "../audit/cloudtrail-record.ts";
import { keyText } from "../domain/metering/metering-record.ts";
import type { MeteredResource, UsageRegistration } from "../domain/resources/metered-resource.ts";
import { acceptedRecords } from "../ledger/accepted-records.ts";
import { CHAIN_START, linkOf } from "../ledger/chain.ts";
import { attributesOf } from "../ledger/entry-attributes.ts";
import { decodeEntry, type EncodedEntry } from "../ledger/entry-codec.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import { isRequestId, resourceId } from "../ledger/ids.ts";
import { sumsOf } from "../ledger/sums/sum-deltas.ts";
import { FORMAT, FORMAT_VERSION, type EndLine, type HeadLine } from "./format.ts";
import {
  SNAPSHOT_BYTES_MAX,
  SNAPSHOT_KINDS,
  SNAPSHOT_TEXT_BYTES_MAX,
  SnapshotError,
  idOf,
  type Snapshot,
  type SnapshotObject,
} from "./snapshot.ts";

const decompressed = promisify(gunzip);
/** Of the name of a version. */
const PROGRAM_CHARACTERS_MAX = 64;

/** Throws SnapshotError. */
export async function readSnapshot(bytes: Uint8Array): Promise<Snapshot> {
  const text = await textOf(bytes);
  const head = headOf(text);
  const { lines, end } = wholeLines(text);
  const objects: SnapshotObject[] = [];
  const resources: MeteredResource[] = [];
  const entries: EncodedEntry[] = [];
  const names = new Set<string>();
  // Of two, nobody could say which one is meant.
  const refuseTwice = (name: string, number: number): void => {
    if (names.has(name)) throw wrong(number, "says of something what an earlier one says, too");
    names.add(name);
  };
  lines.forEach((line, i) => {
    const number = i + 2;
    const read = readLine(line, number);
    if ("object" in read) {
      const object = checkedObject(read.object, number);
      refuseTwice(`${object.kind}\n${object.id}`, number);
      objects.push(object);
    } else if ("resource" in read) {
      const resource = checkedResource(read.resource, number);
      refuseTwice(`resource\n${resource.resourceId}`, number);
      resources.push(resource);
    } else entries.push(checkedEntry(read.entry, number));
  });
  const counts = { objects: objects.length, resources: resources.length, entries: entries.length };
  for (const [name, count] of Object.entries(counts)) {
    const wanted = end[name as keyof typeof counts];
    if (count !== wanted) throw new SnapshotError(`The snapshot says that it has ${wanted} ${name}, and has ${count}.`);
  }
  const snapshot = { ...head, catalogue: objects, resources, entries };
  checkEntries(snapshot, end.link);
  return snapshot;
}

async function textOf(bytes: Uint8Array): Promise<string> {
  if (bytes.length > SNAPSHOT_BYTES_MAX) throw tooLarge();
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw foreign();
  try {
    return (await decompressed(bytes, { maxOutputLength: SNAPSHOT_TEXT_BYTES_MAX })).toString("utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    if (code === "Z_BUF_ERROR") throw new SnapshotError("The snapshot is cut off: its end is missing.");
    throw new SnapshotError("The snapshot is damaged: it cannot be decompressed.");
  }
}

function headOf(text: string): Pick<Snapshot, "program" | "savedAtMs" | "ruleSet" | "clock"> {
  const [line = ""] = text.slice(0, 4_096).split("\n", 1);
  let head: Partial<Record<keyof HeadLine, unknown>> | null;
  try {
    head = JSON.parse(line) as typeof head;
  } catch {
    throw foreign();
  }
  if (head?.format !== FORMAT || typeof head.version !== "number") throw foreign();
  const { version, program, savedAt, ruleSet, clock } = head;
  if (version !== FORMAT_VERSION) {
    const which = `It was saved by version ${JSON.stringify(program)} in format ${version}; this version reads format ${FORMAT_VERSION}.`;
    throw new SnapshotError(version > FORMAT_VERSION ? `The snapshot is of a newer version. ${which}` : which);
  }
  const savedAtMs = typeof savedAt === "string" ? readTime(savedAt) : undefined;
  const isRuleSet = typeof ruleSet === "string" && Object.hasOwn(ruleSets, ruleSet);
  if (savedAtMs === undefined || typeof program !== "string" || !isRuleSet || !isClock(clock)) {
    throw new SnapshotError("The snapshot's first line does not say when it was saved, and by which rules and clock.");
  }
  return { program: program.slice(0, PROGRAM_CHARACTERS_MAX), savedAtMs, ruleSet: ruleSet as RuleSetName, clock };
}

function isClock(text: unknown): text is Snapshot["clock"] {
  return text === "system" || text === "manual" || text === "offset";
}

/** The lines between the first and the last, which says how many they are. */
function wholeLines(text: string): { readonly lines: readonly string[]; readonly end: EndLine["end"] } {
  const lastAt = text.lastIndexOf("\n", text.length - 2) + 1;
  const end = endOf(text.slice(lastAt));
  if (!text.endsWith("\n") || end === undefined) {
    throw new SnapshotError("The snapshot is cut off: its last line is missing.");
  }
  const before = text.slice(0, lastAt);
  if (createHash("sha256").update(before).digest("hex") !== end.sha256) {
    throw new SnapshotError("The snapshot is not as it was saved: its digest is another.");
  }
  return { lines: before.split("\n").slice(1, -1), end };
}

function endOf(line: string): EndLine["end"] | undefined {
  try {
    return (JSON.parse(line) as Partial<EndLine> | null)?.end;
  } catch {
    return undefined;
  }
}

type Line = { readonly object: unknown } | { readonly resource: unknown } | { readonly entry: unknown };

function readLine(line: string, number: number): Line {
  try {
    const read = JSON.parse(line) as object | null;
    if (read !== null && ("object" in read || "resource" in read || "entry" in read)) return read;
  } catch {
    // Said below.
  }
  throw wrong(number, "is neither an object of the catalogue, nor a resource, nor an entry");
}

function checkedObject(object: unknown, number: number): SnapshotObject {
  const { kind, id, value } = (object ?? {}) as Partial<SnapshotObject>;
  if (kind === undefined || !SNAPSHOT_KINDS.includes(kind) || typeof id !== "string" || !isRecord(value)) {
    throw wrong(number, "is no object of a catalogue");
  }
  // A secret of elsewhere opens nothing here, and is not wanted.
  if (Object.keys(value).some((name) => name.startsWith("sealed"))) throw wrong(number, "holds a sealed secret");
  if (idOf(kind, value) !== id) throw wrong(number, "is an object under the id of another");
  if (kind === "access-key" && !(typeof value["accountId"] === "string" && typeof value["userName"] === "string")) {
    throw wrong(number, "is an access key of nobody");
  }
  return { kind, id, value };
}

function checkedResource(resource: unknown, number: number): MeteredResource {
  const given = (resource ?? {}) as Partial<MeteredResource>;
  const { resourceId: id, accountId, region, platform, externalId, roleName, registrations } = given;
  const isNamed = [id, accountId, region, externalId, roleName ?? ""].every((name) => typeof name === "string");
  const isOfSome = Array.isArray(registrations) && registrations.every(isRegistration);
  const isTimed = [given.startedAtMs, given.heardAtMs].every(Number.isFinite) && isInNumbers(resource);
  const isOfPlatform = platform === "ec2" || platform === "ecs" || platform === "eks";
  if (!isNamed || !isOfPlatform || !isTimed || !isOfSome) throw wrong(number, "is no metered resource");
  if (id !== resourceId(platform, externalId as string)) throw wrong(number, "is a resource under the id of another");
  return resource as MeteredResource;
}

function isRegistration(registration: unknown): boolean {
  const { productCode, registeredAtMs, dimension = "" } = (registration ?? {}) as Partial<UsageRegistration>;
  return typeof productCode === "string" && Number.isFinite(registeredAtMs) && typeof dimension === "string";
}

/** Whether all times, hours and counts in it are numbers: a text in their place could still be shown, and would compare with nothing. */
function isInNumbers(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) =>
    /(?:Ms|Hour|^version|^adjustments)$/.test(name) ? Number.isFinite(member) : isInNumbers(member),
  );
}

function checkedEntry(entry: unknown, number: number): EncodedEntry {
  const [requestId, atMs, body] = Array.isArray(entry) ? (entry as unknown[]) : [];
  if (typeof requestId !== "string" || !isRequestId(requestId) || !Number.isInteger(atMs) || typeof body !== "string") {
    throw wrong(number, "is no ledger entry");
  }
  return { requestId, atMs: atMs as number, body };
}

/** What a store would find only while it keeps them, and then stop at: entries that contradict each other. */
function checkEntries({ entries, savedAtMs }: Snapshot, link: string): void {
  const ids = new Set<string>();
  const keys = new Set<string>();
  let newestAtMs = Number.NEGATIVE_INFINITY;
  let mine: Uint8Array = CHAIN_START;
  entries.forEach((encoded, i) => {
    const which = `Entry ${i + 1} of the snapshot`;
    if (encoded.atMs < newestAtMs || encoded.atMs > savedAtMs) throw new SnapshotError(`${which} is out of its time.`);
    if (ids.has(encoded.requestId)) throw new SnapshotError(`${which} is there twice.`);
    for (const key of keysOf(encoded, which)) {
      if (keys.has(key)) throw new SnapshotError(`${which} accepted usage that an earlier one had accepted.`);
      keys.add(key);
    }
    ids.add(encoded.requestId);
    newestAtMs = encoded.atMs;
    mine = linkOf(mine, i + 1, encoded);
  });
  if (Buffer.from(mine).toString("hex") !== link) {
    throw new SnapshotError("The snapshot's entries are not those that it says it has: their chain ends elsewhere.");
  }
}

/** Throws SnapshotError also where it could not be shown, or not be added up: the trail and the sums would end at it. */
function keysOf(encoded: EncodedEntry, which: string): string[] {
  try {
    const entry = decodeEntry(encoded);
    const { operation, principal } = attributesOf(entry);
    if (typeof operation !== "string" || typeof principal !== "string") throw new TypeError("no call");
    if (!isOfUsage(entry)) throw new TypeError("no usage");
    cloudTrailRecord(entry);
    sumsOf([entry]);
    return acceptedRecords(entry).map(({ key }) => keyText(key));
  } catch {
    throw new SnapshotError(`${which} cannot be read.`);
  }
}

/** Whether usage that it tells of can be counted. */
function isOfUsage({ event }: LedgerEntry): boolean {
  if (event.kind === "usage-accrued") {
    return event.uses.every(({ hour, seconds }) => Number.isInteger(hour) && Number.isInteger(seconds));
  }
  if (event.kind !== "usage-metered") return true;
  return event.records.every(
    ({ usageRecord: { timestampMs, dimension, quantity = 0 } }) =>
      Number.isInteger(timestampMs) && typeof dimension === "string" && Number.isInteger(quantity) && quantity >= 0,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(line: number, what: string): SnapshotError {
  return new SnapshotError(`Line ${line} of the snapshot ${what}.`);
}

function foreign(): SnapshotError {
  return new SnapshotError("This is no snapshot: countinghouse snapshot save writes one.");
}

function tooLarge(): SnapshotError {
  return new SnapshotError(
    `A snapshot has at most ${SNAPSHOT_BYTES_MAX / 1_048_576} MiB, and ${SNAPSHOT_TEXT_BYTES_MAX / 1_048_576} MiB decompressed.`,
  );
}
