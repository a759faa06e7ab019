/**
 * Calls that are refused before their caller is known, or before they are taken in. If each were kept, a stranger could fill
 * the disk. So the first few of each minute are kept one by one; the others are counted, and their number is kept once a
 * minute.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { ErrorCode, Rejection } from "../domain/rejection.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { recordRefusal } from "./operation.ts";

/** How many such calls are kept one by one in a minute. */
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

  /** A call that is refused for its signature: kept before its answer where this minute has room, otherwise counted. */
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
      // The caller is refused in any case, and a ledger in trouble is reported elsewhere.
      this.count(call.operation, rejected.code);
    }
  }

  /** Counts a call of which nothing is kept: it was throttled, or failed because of trouble of this server. */
  count(operation: string, code: string): void {
    const name = `${operation}\n${code}`;
    this.#fromMs ??= this.#options.wallMs();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Keeps how many calls were counted since the last time. Counts that cannot be kept now are kept the next time. */
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
