/** How commands reach a server's operator API: by flags, by the environment, or by the file that a local server writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { clientAt, holdsCredentials, type OperatorClient } from "../operator/client/operator-client.ts";

/** The file's name in the data folder, while a server runs on the folder. */
export const RUN_FILE = "server.json";

/** A failure that a command reports before it ends. */
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

/** Adds the flags of all commands that talk to a server, after the command's own. */
export function withConnection(command: Command): Command {
  return command
    .option("--json", "print JSON")
    .optionsGroup("Which server (default: the one that runs on the data folder):")
    .option("--operator-url <url>", "its operator API, or COUNTINGHOUSE_OPERATOR_URL")
    .option("--operator-token <token>", "its bearer token, or COUNTINGHOUSE_OPERATOR_TOKEN")
    .option("--data <folder>", "data folder of a server on this machine", "./countinghouse-data");
}

/** A client of a server's operator API, and the server's address. */
interface Connection extends OperatorClient {
  readonly url: string;
}

/**
 * Finds the server that the flags mean. Throws CommandError where there is none, or where the flags cannot be right. The signal
 * ends calls, also those that a server does not answer.
 */
export function connect(flags: ConnectionFlags, signal?: AbortSignal): Connection {
  const local = readRunFile(flags.data ?? "./countinghouse-data");
  const url = flags.operatorUrl ?? process.env["COUNTINGHOUSE_OPERATOR_URL"] ?? local?.operatorUrl;
  const token =
    flags.operatorToken ??
    process.env["COUNTINGHOUSE_OPERATOR_TOKEN"] ??
    // The local server's token is sent to no other server.
    (url === local?.operatorUrl ? local?.operatorToken : undefined);
  if (url === undefined) {
    const message = "No server found: start one in this folder (countinghouse serve), or give --operator-url.";
    throw new CommandError(message, EXIT.unreachable);
  }
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new CommandError(`The operator API's address must be like ${EXAMPLE_URL}; got ${url}.`, EXIT.usage);
  }
  if (holdsCredentials(url)) {
    throw new CommandError("The operator API's address must not hold a name or a password.", EXIT.usage);
  }
  if (token === undefined) throw new CommandError(`--operator-token is missing for ${url}.`, EXIT.usage);
  // Node's own error would quote the token.
  if (!/^[\u0020-\u007e]+$/.test(token)) {
    throw new CommandError("The operator token holds characters that cannot be sent.", EXIT.usage);
  }
  const address = url.replace(/\/+$/, "");
  const ask: typeof fetch = (input, init) => fetch(input, { ...init, signal: signal ?? init?.signal ?? null });
  return { url: address, ...clientAt(address, token, ask) };
}

const EXAMPLE_URL = "http://127.0.0.1:7420/operator/v1";

function readRunFile(folder: string): { operatorUrl: string; operatorToken: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RUN_FILE), "utf8")) as { operatorUrl: string; operatorToken: string };
  } catch {
    return undefined;
  }
}
