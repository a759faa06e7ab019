/** What a market has been asked on the wire, in order: each request with its answer, and the ledger's entry of it. */
import type { LedgerEntry } from "../ledger/entry.ts";
import type { WireResponse } from "../listener/message.ts";

/** A call as it was seen. */
export interface SeenCall {
  /** From 1. */
  readonly number: number;
  /** `BatchMeterUsage`, or `unknown` where the request named no operation that there is. */
  readonly operation: string;
  readonly requestId: string;
  /** Service clock when it was answered, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Of the answer. */
  readonly status: number;
  /** The error's name, where it was refused. */
  readonly code: string | undefined;
  /** What the error says. */
  readonly message: string | undefined;
  /** Whether the connection was cut instead of an answer. */
  readonly dropped: boolean;
  /** What is kept of it: nothing where it was refused before it was known who called. */
  readonly entry: LedgerEntry | undefined;
}

const MESSAGE_CHARACTERS_MAX = 500;

/** Calls that are remembered; those before are counted only. */
const CALLS_MAX = 10_000;

export class SeenCalls {
  #calls: SeenCall[] = [];
  #forgotten = 0;
  #troubles: string[] = [];
  readonly #expected = new Set<string>();

  /** In the order of their answers. */
  get all(): readonly SeenCall[] {
    return this.#calls;
  }

  /** How many there were before the first that is remembered. */
  get forgotten(): number {
    return this.#forgotten;
  }

  note(response: WireResponse, atMs: number, entry: LedgerEntry | undefined): void {
    const requestId = response.headers["x-amzn-RequestId"] ?? "";
    const message = response.code === undefined ? undefined : messageOf(response);
    if (this.#calls.length === CALLS_MAX) {
      this.#calls.shift();
      this.#forgotten += 1;
    }
    this.#calls.push({
      number: this.#forgotten + this.#calls.length + 1,
      operation: response.operation ?? "unknown",
      requestId,
      atMs,
      status: response.status,
      code: response.code,
      message,
      dropped: response.dropped === true,
      entry,
    });
  }

  /** What went wrong in the market itself. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  noteTrouble(message: string, details: object): void {
    const { err } = details as { readonly err?: unknown };
    this.#troubles.push(err instanceof Error ? `${message}: ${err.message}` : message);
  }

  /** From now on a refusal that somebody asked for. */
  expect(call: SeenCall): void {
    this.#expected.add(call.requestId);
  }

  /** Refusals that neither a fault on demand made, nor anybody asked for. */
  get unexpected(): readonly SeenCall[] {
    return this.#calls.filter(
      ({ code, entry, requestId }) => code !== undefined && !isRefusedByFault(entry) && !this.#expected.has(requestId),
    );
  }

  clear(): void {
    this.#calls = [];
    this.#forgotten = 0;
    this.#troubles = [];
    this.#expected.clear();
  }
}

/** A fault that holds an answer back lets the call be refused for what it says. */
function isRefusedByFault(entry: LedgerEntry | undefined): boolean {
  return entry?.event.kind === "call-refused" && entry.event.rule === "F1";
}

function messageOf({ body }: WireResponse): string | undefined {
  const text = typeof body === "string" ? body : "";
  if (!text.startsWith("{")) return undefined;
  const { message, Message } = JSON.parse(text) as { readonly message?: string; readonly Message?: string };
  return (message ?? Message)?.slice(0, MESSAGE_CHARACTERS_MAX);
}
