/**
 * Clock skew. Where this machine's clock is wrong by minutes, requests are signed with the service's time, which its answers
 * tell in the `Date` header. Source: the SDKs. An answer from a cache (`Age`) tells no time.
 */
import { SERVICE_TIME_HEADER } from "@countinghouse/protocol";
import type { TransportAnswer } from "../transport/transport.ts";
import type { World } from "../world.ts";

/** A smaller difference is within the service's tolerance. */
export const SKEW_MS_MIN = 240_000;

/** Errors that a wrong clock can cause. Plain denials have the same names, so the clock must also be seen to be wrong. */
const SKEW_CODES: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "AuthFailure",
  "InvalidSignatureException",
  "RequestExpired",
  "RequestInTheFuture",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

export class SkewedClock {
  readonly #world: Pick<World, "wallMs" | "monotonicMs">;
  #offsetMs = 0;
  #told: { readonly serviceMs: number; readonly atMonotonicMs: number } | undefined;

  constructor(world: Pick<World, "wallMs" | "monotonicMs">) {
    this.#world = world;
  }

  /** The service's time as far as it is known, in milliseconds since the epoch. */
  nowMs(): number {
    return this.#world.wallMs() + this.#offsetMs;
  }

  /**
   * The service's time by an answer that came after a point of the monotonic clock. Usage is checked against it; in a lab it is
   * not the time that requests are signed with. Changes of this machine's clock do not affect it. If it is wrong, it is behind,
   * by how long the answer took to arrive.
   */
  toldMs(sinceMonotonicMs: number): number | undefined {
    if (this.#told === undefined || this.#told.atMonotonicMs < sinceMonotonicMs) return undefined;
    return this.#told.serviceMs + this.#world.monotonicMs() - this.#told.atMonotonicMs;
  }

  /** Learns from an answer. */
  observe(answer: TransportAnswer): void {
    const date = answer.header("date");
    if (date === undefined || answer.header("age") !== undefined) return;
    const serviceMs = Date.parse(date);
    if (Number.isNaN(serviceMs)) return;
    const toldMs = labMsOf(answer.header(SERVICE_TIME_HEADER)) ?? serviceMs;
    this.#told = { serviceMs: toldMs, atMonotonicMs: this.#world.monotonicMs() };
    if (Math.abs(serviceMs - this.nowMs()) >= SKEW_MS_MIN) this.#offsetMs = serviceMs - this.#world.wallMs();
  }

  /** Whether a request failed because the clock by which it was signed was wrong, and would succeed now. */
  explains(code: string, signedAtMs: number): boolean {
    return SKEW_CODES.has(code) && Math.abs(this.nowMs() - signedAtMs) >= SKEW_MS_MIN;
  }
}

/** The service time that a lab tells, in milliseconds since the epoch; undefined where the text is no time. */
function labMsOf(text: string | undefined): number | undefined {
  const epochMs = text !== undefined && /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(epochMs) ? undefined : epochMs;
}
