/** `countinghouse request`: calls and their outcomes; in a lab, their bytes, sending them again, and their signatures. */
import { readFileSync } from "node:fs";
import { Option, type Command } from "commander";
import type { RequestTo } from "../operator/client/requests.ts";
import type { Replay, RequestShown, RequestSummary, SignatureDiagnosis } from "../operator/contract/ledger/requests.ts";
import { EVENT_ORDERS, OUTCOMES, REQUEST_SOURCES } from "../operator/contract/values.ts";
import { countArgument } from "./arguments.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { callsOf, withCalls, withTimes, type CallFlags, type TimeFlags } from "./filter-flags.ts";
import { describe, print, printTable, type Columns } from "./output.ts";

interface ListFlags extends ConnectionFlags, CallFlags, TimeFlags {
  readonly outcome?: (typeof OUTCOMES)[number];
  readonly order: (typeof EVENT_ORDERS)[number];
  readonly source: (typeof REQUEST_SOURCES)[number];
  readonly limit: number;
}

const COLUMNS: Columns<RequestSummary> = {
  time: ({ at }) => at,
  event: ({ operation }) => operation,
  account: ({ accountId }) => accountId,
  outcome: ({ outcome }) => outcome,
  requestId: ({ requestId }) => requestId,
  reason: ({ reason }) => reason,
};

/** How many items are held in memory before they are printed. */
const LIMIT_MAX = 100_000;

export function addRequest(program: Command): void {
  const group = program.command("request").description("Calls and changes, and what came of them");
  addList(group);
  addShow(group);
  addReplay(group);
  addDiagnose(group);
}

function addList(group: Command): void {
  const list = withTimes(withCalls(group.command("list").description("List calls and changes, newest first")))
    .addOption(new Option("--outcome <outcome>", "that came to this only").choices(OUTCOMES))
    .addOption(new Option("--order <order>", "which come first").choices(EVENT_ORDERS).default("newest"))
    .addOption(
      new Option("--source <source>", "memory: those whose bytes a lab holds, kept or not")
        .choices(REQUEST_SOURCES)
        .default("ledger"),
    )
    .option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 100);
  withConnection(list).action(async (flags: ListFlags) => {
    const { operation, outcome, from, until, order, source, limit } = flags;
    const query: RequestTo<"GET /requests">["query"] = {
      ...callsOf(flags),
      operation,
      outcome,
      from,
      to: until,
      order,
      source,
    };
    const { items, more } = await connect(flags).first("GET /requests", limit, { query });
    printTable(flags, items, COLUMNS);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}

function addShow(group: Command): void {
  const show = group
    .command("show <request-id>")
    .description("Show a request: what was asked, what was answered, and why")
    .option("--raw", "in a lab, as it stood on the wire, less signatures and tokens");
  withConnection(show).action(async (id: string, flags: ConnectionFlags & { readonly raw?: boolean }) => {
    const params = { id };
    if (flags.raw === true) {
      const raw = await connect(flags).call("GET /requests/{id}/raw", { params });
      const { request, answer, ...rest } = raw;
      const text = `${describe(rest)}\n\nrequest\n${describe(request)}\n\nanswer\n${describe(answer)}`;
      print(flags, raw, text);
      return;
    }
    const shown = await connect(flags).call("GET /requests/{id}", { params });
    print(flags, shown, shownText(shown));
  });
}

function shownText(shown: RequestShown): string {
  const { request, answer, explanation, event: _event, ...rest } = shown;
  const parts = [describe(rest)];
  if (request !== null) parts.push(`request\n${describe(request)}`);
  if (answer !== null) parts.push(`answer\n${describe(answer)}`);
  if (explanation !== undefined) parts.push(`${explanation.summary} (countinghouse explain ${rest.requestId})`);
  return parts.join("\n\n");
}

interface ReplayFlags extends ConnectionFlags {
  readonly accessKey?: string;
  readonly body?: string;
}

function addReplay(group: Command): void {
  const replay = group
    .command("replay <request-id>")
    .description("In a lab, sign a request anew and send it over the wire")
    .option("--access-key <id>", "that signs it (default: the one that it was signed with)")
    .option("--body <file>", "JSON in the place of its own body; - reads standard input");
  withConnection(replay).action(async (id: string, flags: ReplayFlags) => {
    const body = { accessKeyId: flags.accessKey, body: flags.body === undefined ? undefined : jsonIn(flags.body) };
    const sent = await connect(flags).call("POST /requests/{id}/replay", { params: { id }, body });
    print(flags, sent, replayText(sent));
  });
}

function replayText({ status, requestId, accessKeyId, body = "", problem }: Replay): string {
  if (problem !== undefined) return problem;
  return `${describe({ status, requestId, accessKeyId })}\n\n${body}`;
}

function addDiagnose(group: Command): void {
  const diagnose = group
    .command("diagnose [request-id]")
    .description("In a lab, show each step of a request's signature, and the first that differs")
    .option(
      "--file <file>",
      "a request that is described in JSON: method, path, query, headers, body; - reads standard input",
    )
    .option("--canonical-request <file>", "as the other side made it")
    .option("--string-to-sign <file>", "as the other side made it");
  interface Flags extends ConnectionFlags {
    readonly file?: string;
    readonly canonicalRequest?: string;
    readonly stringToSign?: string;
  }
  withConnection(diagnose).action(async (requestId: string | undefined, flags: Flags) => {
    const { file, canonicalRequest, stringToSign } = flags;
    if ((requestId === undefined) === (file === undefined)) {
      throw new CommandError("request diagnose needs a request's id, or --file.", EXIT.usage);
    }
    type Body = RequestTo<"POST /signature-diagnosis">["body"];
    const body: Body = {
      requestId,
      request: file === undefined ? undefined : (jsonIn(file) as Body["request"]),
      canonicalRequest: canonicalRequest === undefined ? undefined : textIn(canonicalRequest).replace(/\n$/, ""),
      stringToSign: stringToSign === undefined ? undefined : textIn(stringToSign).replace(/\n$/, ""),
    };
    const found = await connect(flags).call("POST /signature-diagnosis", { body });
    print(flags, found, diagnosisText(found));
  });
}

function diagnosisText({ good, steps, firstDifference }: SignatureDiagnosis): string {
  const told = steps.map(({ step, verdict, ours, theirs, hint }) => {
    const lines = [`${step}: ${verdict}`];
    if (hint !== undefined) lines.push(`  ${hint}`);
    if (ours !== undefined) lines.push(`ours\n${ours}`.replaceAll(/^/gm, "  "));
    if (theirs !== undefined) lines.push(`theirs\n${theirs}`.replaceAll(/^/gm, "  "));
    return lines.join("\n");
  });
  const end = good
    ? "The signature is good."
    : `The first that differs is ${firstDifference?.step}: ${firstDifference?.hint}`;
  return [...told, end].join("\n\n");
}

function jsonIn(file: string): Record<string, unknown> {
  try {
    const value = JSON.parse(textIn(file)) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof CommandError) throw error;
  }
  throw new CommandError(`${file} holds no JSON object.`, EXIT.usage);
}

function textIn(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  }
}
