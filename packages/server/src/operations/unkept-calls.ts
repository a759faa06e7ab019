/**
 * Calls that are refused before it is known who makes them, or before they are taken in. Keeping each of them would let a
 * stranger fill the disk: the first few of a minute are kept one by one, and how many more there were, once a minute.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { ErrorCode, Rejection } from "../domain/rejection.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { recordRefusal } from "./operation.ts";

/** Kept one by one in a minute, whatever there is of them. */
export const KEPT_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

interface UnkeptCallsOptions {
  readonly ledger: Ledger;
  readonly wallMs: () => EpochMs;
  readonly newCall: (operation: string) => Call;
}

export class UnkeptCalls {
  readonly #options: UnkeptCallsOptions;
  #minute = Number.NEGATIVE_INFINITY;
  #kept = 0;
  #fromMs: EpochMs | undefined;
  /** By operation and error name. */
  #counts = new Map<string, number>();

  constructor(options: UnkeptCallsOptions) {
    this.#options = options;
  }

  /** A refusal by its signature: kept before it is answered where there is room this minute, else counted. */
  async noteRefused(call: Call, rejected: Rejection<ErrorCode>, request?: Asked): Promise<void> {
    const minute = Math.floor(this.#options.wallMs() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#kept = 0;
    }
    if (this.#kept >= KEPT_PER_MINUTE) {
      this.count(call.operation, rejected.code);
      return;
    }
    this.#kept += 1;
    try {
      await recordRefusal(
        this.#options.ledger,
        call,
        { ...rejected, message: withoutHeader(rejected.message) },
        request,
      );
    } catch {
      // The caller is refused either way, and a ledger in trouble says so elsewhere.
      this.count(call.operation, rejected.code);
    }
  }

  /** One that nothing is kept of: throttled, or failed for trouble of ours. */
  count(operation: string, code: string): void {
    const name = `${operation}\n${code}`;
    this.#fromMs ??= this.#options.wallMs();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Keeps how many there were since the last time, if any. What cannot be kept now is tried again. */
  async flush(): Promise<void> {
    if (this.#fromMs === undefined) return;
    const { ledger, wallMs, newCall } = this.#options;
    const [counts, fromMs] = [this.#counts, this.#fromMs];
    this.#counts = new Map();
    this.#fromMs = undefined;
    const listed = [...counts].map(([name, count]) => {
      const [operation = "", code = ""] = name.split("\n");
      return { operation, code, count };
    });
    const event = { kind: "calls-not-kept" as const, fromMs, toMs: wallMs(), counts: listed };
    try {
      await ledger.transact({
        call: newCall("CountUnkeptCalls"),
        keys: [],
        decide: () => ({ event, answer: undefined }),
      });
    } catch {
      for (const [name, count] of counts) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
      this.#fromMs = fromMs;
    }
  }
}

/** Some texts quote the Authorization header, and with it the signature. */
function withoutHeader(message: string): string {
  return message.replace(/Authorization=.*/s, "Authorization=HIDDEN_DUE_TO_SECURITY_REASONS");
}
