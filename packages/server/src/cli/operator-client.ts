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

/** Adds the flags that every command with a server at the other end has. */
export function withConnection(command: Command): Command {
  return command
    .option("--operator-url <url>", "operator API (default: COUNTINGHOUSE_OPERATOR_URL, else the local server's)")
    .option("--operator-token <token>", "its token (default: COUNTINGHOUSE_OPERATOR_TOKEN, else the local server's)")
    .option("--data <folder>", "data folder of the local server", "./countinghouse-data")
    .option("--json", "print JSON");
}

export class OperatorClient {
  readonly #url: string;
  readonly #token: string;

  constructor(flags: ConnectionFlags) {
    const local = readRunFile(flags.data ?? "./countinghouse-data");
    const url = flags.operatorUrl ?? process.env["COUNTINGHOUSE_OPERATOR_URL"] ?? local?.operatorUrl;
    const token = flags.operatorToken ?? process.env["COUNTINGHOUSE_OPERATOR_TOKEN"] ?? local?.operatorToken;
    if (url === undefined || token === undefined) {
      throw new CommandError(
        "No server found: start one in this folder (countinghouse serve), or give --operator-url and --operator-token.",
        EXIT.unreachable,
      );
    }
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CommandError(`The server at ${this.#url} cannot be reached: ${cause}`, EXIT.unreachable);
    }
    const text = await response.text();
    const json = text === "" ? undefined : (JSON.parse(text) as unknown);
    if (response.ok) return json as T;
    const problem = json as { detail?: string; errors?: string[] } | undefined;
    const lines = [problem?.detail ?? response.statusText, ...(problem?.errors ?? []).map((line) => `  ${line}`)];
    throw new CommandError(lines.join("\n"), EXIT.refused);
  }

  /** Every item of a list, page after page, at most `limit`. */
  async list<T>(path: string, query: Readonly<Record<string, string | undefined>>, limit: number): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const given = Object.entries({ ...query, cursor, limit: String(Math.min(1_000, limit - items.length)) });
      const search = new URLSearchParams(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
      const page = await this.call<{ items: T[]; nextCursor?: string }>("GET", `${path}?${search.toString()}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined && items.length < limit);
    return items;
  }
}

function readRunFile(folder: string): { operatorUrl: string; operatorToken: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RUN_FILE), "utf8")) as { operatorUrl: string; operatorToken: string };
  } catch {
    return undefined;
  }
}
