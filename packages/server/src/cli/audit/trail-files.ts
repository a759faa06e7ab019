/** Reads the calls of the metering service from files of CloudTrail, within bounds. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { TrailCall } from "../../trail/trail-call.ts";
import { CommandError, EXIT } from "../connection.ts";

export interface ReadTrail {
  readonly files: number;
  /** Events of all services. */
  readonly records: number;
  /** Each event once, though several files may hold it. */
  readonly calls: readonly TrailCall[];
  /** Records that could not be read, and why; the first of them. */
  readonly unreadable: readonly { readonly place: string; readonly why: string }[];
  readonly unreadableCount: number;
}

/** Reads a record; undefined for one of something else. Throws an Error that says why where it cannot. */
type ReadRecord = (record: unknown) => TrailCall | undefined;

const FILES_MAX = 100_000;
/** Of one file, decompressed. */
const FILE_BYTES_MAX = 128 * 1_048_576;
/** CloudTrail's own bound is 256 KiB. */
const RECORD_CHARACTERS_MAX = 1_048_576;
const CALLS_MAX = 100_000;
const UNREADABLE_SHOWN = 100;
const NAMES = /\.(?:json|jsonl)(?:\.gz)?$/;
/** Digests lie beside the events, and hold none. */
const DIGESTS = "CloudTrail-Digest";

/** Throws CommandError for what is no file of CloudTrail. */
export function readTrail(paths: readonly string[], read: ReadRecord): ReadTrail {
  const files = paths.flatMap(filesAt);
  if (files.length === 0) throw new CommandError("There is no file of CloudTrail: their names end in .json, .json.gz or .jsonl.", EXIT.usage); // prettier-ignore
  const calls = new Map<string, TrailCall>();
  const unreadable: { place: string; why: string }[] = [];
  let [records, unreadableCount] = [0, 0];
  for (const file of files) {
    for (const [i, record] of recordsOf(file).entries()) {
      records += 1;
      try {
        const call = bounded(record, read);
        if (call !== undefined) calls.set(call.eventId === "" ? `${file}#${i}` : call.eventId, call);
      } catch (error) {
        unreadableCount += 1;
        const place = `${file}, record ${i + 1}`;
        if (unreadable.length < UNREADABLE_SHOWN) unreadable.push({ place, why: (error as Error).message });
      }
      if (calls.size > CALLS_MAX) {
        const message = `There are more than ${CALLS_MAX} metering calls, which are held in memory: give fewer files, such as a month's.`;
        throw new CommandError(message, EXIT.usage);
      }
    }
  }
  return { files: files.length, records, calls: [...calls.values()], unreadable, unreadableCount };
}

function bounded(record: unknown, read: ReadRecord): TrailCall | undefined {
  const call = read(record);
  if (call !== undefined && JSON.stringify(record).length > RECORD_CHARACTERS_MAX) {
    throw new Error(`it has more than ${RECORD_CHARACTERS_MAX} characters`);
  }
  return call;
}

function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => NAMES.test(name) && !name.includes(DIGESTS))
      .toSorted();
    if (names.length <= FILES_MAX) return names.map((name) => join(path, name));
  } catch (error) {
    throw unreadableFile(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  throw unreadableFile(path, `holds more than ${FILES_MAX} files: give a part of it`);
}

function recordsOf(file: string): readonly unknown[] {
  const text = textOf(file).replace(/^\uFEFF/, "");
  const whole = parsed(text);
  if (whole === undefined) return linesOf(file, text);
  const records = recordsIn(whole);
  if (records !== undefined) return records;
  throw unreadableFile(file, "is no file of CloudTrail: it has neither Records nor Events");
}

function recordsIn(whole: unknown): readonly unknown[] | undefined {
  // As a query of `.Records` leaves them.
  if (Array.isArray(whole)) return whole.every(isObject) ? whole : undefined;
  if (!isObject(whole)) return undefined;
  const { Records, Events, eventName } = whole;
  if (Array.isArray(Records)) return Records as readonly unknown[];
  // As `aws cloudtrail lookup-events` prints them.
  if (Array.isArray(Events)) return Events.map((event: unknown) => parsed(String(isObject(event) ? event["CloudTrailEvent"] : ""))); // prettier-ignore
  return eventName === undefined ? undefined : [whole];
}

/** A record a line, as `countinghouse audit export` writes them; or a file of CloudTrail a line, as several make them. */
function linesOf(file: string, text: string): readonly unknown[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.flatMap((line, i) => {
    const record = parsed(line);
    if (record !== undefined) return recordsIn(record) ?? [record];
    const where = lines.length === 1 ? "" : ` (line ${i + 1})`;
    throw unreadableFile(file, `is no JSON, or is cut off${where}`);
  });
}

function textOf(file: string): string {
  let bytes: Buffer;
  try {
    if (statSync(file).size > FILE_BYTES_MAX) throw unreadableFile(file, TOO_LONG);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw unreadableFile(file, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX }).toString("utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw unreadableFile(file, TOO_LONG);
    if (code === "Z_BUF_ERROR") throw unreadableFile(file, "is cut off: its end is missing");
    throw unreadableFile(file, "is damaged: it cannot be decompressed");
  }
}

const TOO_LONG = `has more than ${FILE_BYTES_MAX / 1_048_576} MiB, which no file of CloudTrail has`;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadableFile(file: string, why: string): CommandError {
  return new CommandError(`${file} ${why}.`, EXIT.usage);
}
