/** `countinghouse audit export`: audit events as files. It exports all of them, or fails. */
import { createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Option, type Command } from "commander";
import { CommandError, EXIT, withConnection } from "../connection.ts";
import { longWork, type LongWork } from "../long-work.ts";
import { jsonText, print } from "../output.ts";
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";
import { CloudTrailFiles } from "./cloudtrail-files.ts";
import { withCalls, withTimes, type TimeFlags } from "../filter-flags.ts";
import { eventsPage, noteExpired, queryOf, type FilterFlags } from "./filters.ts";
import { patiently } from "./patience.ts";

interface ExportFlags extends FilterFlags, TimeFlags {
  readonly format: "jsonl" | "cloudtrail";
  readonly to: string;
}

const PAGE_EVENTS = 1_000;
/** How often a command tries to reach a server that is restarting, every half second. */
const RETRIES_MAX = 60;

const FORMATS = `
Formats:
  jsonl       one record a line, to a file or (-) to standard output
  cloudtrail  files as CloudTrail delivers them, below a folder:
              AWSLogs/<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>_<id>.json.gz

Oldest first, up to the newest event there is when it begins. Files get their names once they are complete.`;

export function addExport(group: Command): void {
  const command = withTimes(withCalls(group.command("export").description("Write audit events to files, oldest first")))
    .addOption(new Option("--format <format>", "how").choices(["jsonl", "cloudtrail"]).default("jsonl"))
    .requiredOption("--to <place>", "a file, a folder (cloudtrail), or - for standard output")
    .addHelpText("after", FORMATS);
  withConnection(command).action(exportEvents);
}

async function exportEvents(flags: ExportFlags): Promise<void> {
  const { format, to } = flags;
  if (format === "cloudtrail" && to === "-") {
    throw new CommandError("--format cloudtrail writes many files: give --to a folder.", EXIT.usage);
  }
  // The server is asked before anything is written: a command that cannot reach it leaves nothing behind.
  const newest = await eventsPage(flags, queryOf(flags), { order: "newest", limit: 1 });
  noteExpired(newest, flags);
  const left = (): string => LEFT[to === "-" ? "-" : format];
  const written = await longWork(flags, left, async (work): Promise<Written | undefined> => {
    const events = eventsUpTo(newest.items[0], flags, work);
    if (format === "cloudtrail") return writeFolder(to, events);
    return to === "-" ? writeLines(events) : writeFile(to, events);
  });
  if (written === undefined) return;
  const where = written.files === undefined ? to : `${written.files} files below ${to}`;
  print(flags, written, `${written.events} events in ${where}.`);
}

interface Written {
  readonly events: number;
  readonly files?: number;
}

/** What an interruption leaves. */
const LEFT = {
  "-": "What was written is a part of the events.",
  jsonl: "No file was written.",
  cloudtrail: "The files that have their names are complete, and others are missing: export again.",
} as const;

/** Reads page by page, so that memory holds one page at most. Ends with the newest event, or throws. */
async function* eventsUpTo(
  newest: AuditEvent | undefined,
  flags: ExportFlags,
  { onProgress, signal, say }: LongWork,
): AsyncGenerator<AuditEvent> {
  if (newest === undefined) return;
  let done = 0;
  let oldestMs: number | undefined;
  const query = queryOf(flags);
  let cursor: string | undefined;
  let reached = "";
  do {
    const request = { order: "oldest", limit: PAGE_EVENTS, cursor } as const;
    const read = (): ReturnType<typeof eventsPage> => eventsPage(flags, query, request, signal);
    const page = await patiently(read, { retriesMax: RETRIES_MAX, signal, say });
    oldestMs ??= timeOf(page.items[0]);
    if (reached !== "" && page.keptSince !== undefined && page.keptSince > reached) {
      throw new CommandError(`Events up to ${page.keptSince} have expired meanwhile. Export again.`, EXIT.refused);
    }
    for (const event of page.items) {
      yield event;
      reached = event.eventTime;
      if (event.eventID === newest.eventID) return;
    }
    done += page.items.length;
    // How many there are is not known, but from when to when they are.
    const share = shareOf(oldestMs, timeOf(page.items.at(-1)), timeOf(newest));
    onProgress({ doing: "exporting events", done, share, unit: "events" });
    signal.throwIfAborted();
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const message = `The event ${newest.eventID} is no longer there: the ledger was changed meanwhile. Export it again.`;
  throw new CommandError(message, EXIT.refused);
}

function timeOf(event: AuditEvent | undefined): number | undefined {
  return event === undefined ? undefined : Date.parse(event.eventTime);
}

/** Undefined where all are of one time, as under a clock that stands still. */
function shareOf(fromMs: number | undefined, atMs: number | undefined, toMs: number | undefined): number | undefined {
  if (fromMs === undefined || atMs === undefined || toMs === undefined || fromMs >= toMs) return undefined;
  return Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));
}

/** Many lines are written at a time. */
const CHUNK_CHARACTERS = 65_536;

async function* linesOf(events: AsyncIterable<AuditEvent>, count?: () => void): AsyncGenerator<string> {
  let waiting = "";
  for await (const event of events) {
    waiting += `${jsonText(event)}\n`;
    count?.();
    if (waiting.length < CHUNK_CHARACTERS) continue;
    yield waiting;
    waiting = "";
  }
  if (waiting !== "") yield waiting;
}

async function writeLines(events: AsyncIterable<AuditEvent>): Promise<undefined> {
  await pipeline(Readable.from(linesOf(events)), process.stdout, { end: false }).catch(ignoreClosedPipe);
}

async function writeFile(file: string, events: AsyncIterable<AuditEvent>): Promise<{ events: number; file: string }> {
  const partial = `${file}.partial`;
  let written = 0;
  try {
    await pipeline(Readable.from(linesOf(events, () => (written += 1))), createWriteStream(partial));
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw writeProblem(error);
  }
  return { events: written, file };
}

async function writeFolder(
  folder: string,
  events: AsyncIterable<AuditEvent>,
): Promise<{ events: number; files: number; folder: string }> {
  const files = new CloudTrailFiles(folder);
  let written = 0;
  try {
    for await (const event of events) {
      await files.add(event);
      written += 1;
    }
    await files.finish();
  } catch (error) {
    await files.abandon();
    throw writeProblem(error);
  }
  return { events: written, files: files.finished, folder };
}

/** The file system's message, without a stack trace. */
function writeProblem(error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? new CommandError(error.message, EXIT.refused) : error;
}

/** The reader of standard output may close it early (`| head`). */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}
