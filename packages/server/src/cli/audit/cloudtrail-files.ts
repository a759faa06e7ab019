/** Audit events as the files that CloudTrail delivers: gzip, one an account, region and day, under CloudTrail's names. */
import { hash } from "node:crypto";
import { createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";

interface OpenFile {
  readonly path: string;
  readonly gzip: Gzip;
  /** Resolves when the whole file is on disk. */
  readonly written: Promise<void>;
  events: number;
  /** Records that are not written yet, as text. */
  waiting: string;
}

/** How much is written at a time: each write goes to another thread. */
const CHUNK_CHARACTERS = 65_536;
const FILES_OPEN_MAX = 16;
const FILE_EVENTS_MAX = 10_000;
/** Stands in file names for an event that did not come from a call of the wire. */
const NO_ACCOUNT = "operator";
const NO_REGION = "global";

export class CloudTrailFiles {
  readonly #folder: string;
  /** By account, region and day; the file that was written to last comes last. */
  readonly #open = new Map<string, OpenFile>();
  finished = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes the events of an account and region in the order of their times. */
  async add(event: AuditEvent): Promise<void> {
    const group = groupOf(event);
    const key = Object.values(group).join("/");
    let file = this.#open.get(key);
    if (file === undefined) {
      if (this.#open.size >= FILES_OPEN_MAX) await this.#finishOldest();
      file = openFile(join(this.#folder, pathOf(group, event)));
    }
    this.#open.delete(key);
    this.#open.set(key, file);
    file.waiting += `${file.events === 0 ? '{"Records":[' : ","}${JSON.stringify(event)}`;
    file.events += 1;
    if (file.waiting.length >= CHUNK_CHARACTERS) await flush(file);
    if (file.events >= FILE_EVENTS_MAX) await this.#finish(key, file);
  }

  /** Finishes the files that are still open, and gives them their names. */
  async finish(): Promise<void> {
    for (const [key, file] of this.#open) await this.#finish(key, file);
  }

  /** Removes incomplete files; complete ones stay. */
  async abandon(): Promise<void> {
    for (const { gzip, written, path } of this.#open.values()) {
      gzip.destroy();
      await written.catch(() => undefined);
      rmSync(partialOf(path), { force: true });
    }
    this.#open.clear();
  }

  async #finishOldest(): Promise<void> {
    for (const [key, file] of this.#open) {
      await this.#finish(key, file);
      return;
    }
  }

  async #finish(key: string, file: OpenFile): Promise<void> {
    file.gzip.end(`${file.waiting}]}\n`);
    await file.written;
    renameSync(partialOf(file.path), file.path);
    this.#open.delete(key);
    this.finished += 1;
  }
}

interface Group {
  readonly account: string;
  readonly region: string;
  /** `2026/11/23`. */
  readonly day: string;
}

function groupOf({ userIdentity, awsRegion, eventTime }: AuditEvent): Group {
  return {
    account: nameOf(userIdentity.accountId ?? NO_ACCOUNT),
    region: nameOf(awsRegion ?? NO_REGION),
    day: eventTime.slice(0, 10).replaceAll("-", "/"),
  };
}

/** Replaces all other characters: a name from a server must not lead to another folder. */
function nameOf(text: string): string {
  return text.replaceAll(/[^\w-]/g, "_");
}

/** The name ends with an id made from the first event's id, so that the same export gives the same names again. */
function pathOf({ account, region, day }: Group, { eventTime, eventID }: AuditEvent): string {
  const minute = `${eventTime.slice(0, 16).replaceAll(/[-:]/g, "")}Z`;
  const id = hash("sha256", eventID, "base64url").replaceAll(/[-_]/g, "").slice(0, 16);
  const name = `${account}_CloudTrail_${region}_${minute}_${id}.json.gz`;
  return join("AWSLogs", account, "CloudTrail", region, nameOf(day).replaceAll("_", "/"), name);
}

function openFile(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  const gzip = createGzip();
  const written = pipeline(gzip, createWriteStream(partialOf(path)));
  // The error is handled where `written` is awaited; until then it must not end the process.
  written.catch(() => undefined);
  return { path, gzip, written, events: 0, waiting: "" };
}

/** Resolves when there is room to go on; rejects where writing the file failed. */
async function flush(file: OpenFile): Promise<void> {
  const { gzip, written, waiting } = file;
  file.waiting = "";
  if (!gzip.write(waiting)) await Promise.race([once(gzip, "drain"), written]);
}

function partialOf(path: string): string {
  return `${path}.partial`;
}
