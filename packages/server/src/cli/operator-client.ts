/** How commands reach a server: its operator API, found by flags, environment, or the file a local server leaves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";

/** In the data folder, while a server runs on it. */
export const RUN_FILE = "server.json";

/** A failure that a command reports and ends with. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** Exit codes, as `countinghouse --help` documents them. */
export const EXIT = { refused: 1, usage: 2, unreachable: 3 } as const;

export interface ConnectionFlags {
  readonly operatorUrl?: string;
  readonly operatorToken?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds the flags that every command with a server at the other end has, after its own. */
export function withConnection(command: Command): Command {
  return command
    .option("--json", "print JSON")
    .optionsGroup("Which server (default: the one that runs on the data folder):")
    .option("--operator-url <url>", "its operator API, or COUNTINGHOUSE_OPERATOR_URL")
    .option("--operator-token <token>", "its bearer token, or COUNTINGHOUSE_OPERATOR_TOKEN")
    .option("--data <folder>", "data folder of a server on this machine", "./countinghouse-data");
}

/** The server said no. `complaints` are about members of what was sent, each beginning with the member's path. */
export class RefusedError extends CommandError {
  readonly complaints: readonly string[];

  constructor(detail: string, complaints: readonly string[] = []) {
    super([detail, ...complaints.map((line) => `  ${line}`)].join("\n"), EXIT.refused);
    this.name = "RefusedError";
    this.complaints = complaints;
  }
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Whether there may be more. */
  readonly more: boolean;
}

interface RawAnswer {
  readonly text: string;
  readonly headers: Headers;
}

export class OperatorClient {
  readonly url: string;
  readonly #token: string;

  constructor(flags: ConnectionFlags) {
    const local = readRunFile(flags.data ?? "./countinghouse-data");
    const url = flags.operatorUrl ?? process.env["COUNTINGHOUSE_OPERATOR_URL"] ?? local?.operatorUrl;
    const token =
      flags.operatorToken ??
      process.env["COUNTINGHOUSE_OPERATOR_TOKEN"] ??
      // The local server's token is shown to no other server.
      (url === local?.operatorUrl ? local?.operatorToken : undefined);
    if (url === undefined) {
      const message = "No server found: start one in this folder (countinghouse serve), or give --operator-url.";
      throw new CommandError(message, EXIT.unreachable);
    }
    if (token === undefined) throw new CommandError(`--operator-token is missing for ${url}.`, EXIT.usage);
    if (!/^https?:/.test(url) || !URL.canParse(url)) {
      throw new CommandError(`The operator API's address must be like ${EXAMPLE_URL}; got ${url}.`, EXIT.usage);
    }
    // Node would quote the token in its own complaint.
    if (!/^[\u0020-\u007e]+$/.test(token)) {
      throw new CommandError("The operator token holds characters that cannot be sent.", EXIT.usage);
    }
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Calls a route; answers its JSON. Throws RefusedError, or CommandError where no server answers. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { text } = await this.#answer(method, path, "json", body);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Gets what a route answers as comma-separated values, and since when what it tells of is kept, where it says so. */
  async csv(path: string): Promise<{ readonly text: string; readonly keptSince: string | undefined }> {
    const { text, headers } = await this.#answer("GET", path, "csv");
    return { text, keptSince: headers.get("kept-since") ?? undefined };
  }

  async #answer(method: string, path: string, form: "json" | "csv", body?: unknown): Promise<RawAnswer> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(form === "csv" ? { accept: "text/csv" } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CommandError(`The server at ${this.url} cannot be reached: ${cause}`, EXIT.unreachable);
    }
    const type = response.headers.get("content-type") ?? "";
    if (text !== "" && !type.includes(response.ok ? form : "json")) {
      throw new CommandError(
        `What answers at ${this.url} is not an operator API; its address is like ${EXAMPLE_URL}.`,
        EXIT.unreachable,
      );
    }
    if (response.ok) return { text, headers: response.headers };
    const problem = (text === "" ? undefined : JSON.parse(text)) as { detail?: string; errors?: string[] } | undefined;
    throw new RefusedError(problem?.detail ?? response.statusText, problem?.errors);
  }

  /** The first `limit` items of a list, page after page. */
  async list<T>(
    path: string,
    limit: number,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Listed<T>> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const given = Object.entries({ ...query, cursor, limit: String(Math.min(PAGE_ITEMS_MAX, limit - items.length)) });
      const search = new URLSearchParams(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
      const page = await this.call<{ items: T[]; nextCursor?: string }>("GET", `${path}?${search.toString()}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined && items.length < limit);
    return { items, more: cursor !== undefined };
  }
}

const EXAMPLE_URL = "http://127.0.0.1:7420/operator/v1";
const PAGE_ITEMS_MAX = 1_000;

function readRunFile(folder: string): { operatorUrl: string; operatorToken: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RUN_FILE), "utf8")) as { operatorUrl: string; operatorToken: string };
  } catch {
    return undefined;
  }
}
