/** What a case is: data, so that a reader, or another program, can see what is asked of a client without reading code. */
import type { ConformanceOperation } from "./subject.ts";

/**
 * What a value must be, as JSON. An object holds where each of its members does, whatever else is there; a list holds item by
 * item; any other value must be equal. Objects with one of these members say more:
 *
 * - `{ $time: "2026-03-15T09:00:00Z" }`: this time, as a Date, as ISO 8601, or in seconds since the epoch;
 * - `{ $seconds: "2026-03-15T09:00:00Z" }`: a number of seconds since the epoch, whose fraction does not matter;
 * - `{ $text: true }`: a text that is not empty;
 * - `{ $absent: true }`: no such member;
 * - `{ $as: [0, "MeteringRecordId"] }`: what the call with this index was answered at this path.
 */
export type ConformanceExpectation = unknown;

/** What is wrong on the way. Every kind but the last three is a fault on demand of the market (Rule F1). */
export type ConformanceTrouble =
  | {
      readonly kind: "throttle" | "internal-error" | "drop-answer" | "unprocessed";
      readonly operation: ConformanceOperation;
      /** How many requests it hits. */
      readonly count: number;
      /** For `unprocessed`: how many records come back, from the end of the request. */
      readonly records?: number;
    }
  /** A gateway answers the first request with 503 and a page in HTML. The service does not see that request. */
  | { readonly kind: "gateway" }
  /** Answers have members that no model has; errors have this text before their name; the server's clock is ahead. */
  | { readonly kind: "unknown-members" }
  | { readonly kind: "namespace"; readonly namespace: string }
  | { readonly kind: "clock"; readonly aheadSeconds: number };

/** One call of a case. In texts of `input`, `{{registrationToken}}` and `{{0.NextToken}}` stand for what the market gave. */
export interface ConformanceStep {
  readonly operation: ConformanceOperation;
  readonly input: Readonly<Record<string, unknown>>;
  /** Who calls: the seller's program, by a lasting key (default), or a container task of the buyer, by a temporary one. */
  readonly caller?: "seller" | "task";
  /** Default: `us-east-1`. */
  readonly region?: string;
  /** How far the market's clock is moved forward before the call. */
  readonly afterHours?: number;
  /** One of these must hold of what the client answers. None: it may answer as it likes. */
  readonly answers?: readonly ConformanceExpectation[];
  /** How many requests the server must have seen of the call. Default: at least one. */
  readonly requests?: { readonly min: number; readonly max: number };
  /** What must hold of the first request: its `method`, `path`, `mediaType`, `headers`, signed `scope` and `signedHeaders`, and `body`. */
  readonly sent?: ConformanceExpectation;
  /** Whether all requests of the call must have the same bytes for a body. */
  readonly sameBody?: true;
}

/** What a client must do, in one respect. */
export interface ConformanceCase {
  /** Stable: to choose cases by, and to name them in reports. */
  readonly id: string;
  /** What is asked, as a sentence. */
  readonly name: string;
  /** The rule of docs/RULES.md behind it. */
  readonly rule: string;
  /** A client that lacks one of these is not held to the case. */
  readonly operations: readonly ConformanceOperation[];
  /** Cases without which this one says nothing. Where one of them fails, this one is not judged. */
  readonly needs?: readonly string[];
  readonly troubles?: readonly ConformanceTrouble[];
  readonly steps: readonly ConformanceStep[];
  /** All that the market must have metered at the end, in the order in which it was accepted. Left out: it does not matter. */
  readonly metered?: readonly ConformanceExpectation[];
}
