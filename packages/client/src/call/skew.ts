/**
 * Clock skew: where this machine's clock is wrong by minutes, requests are signed with the service's time, which it tells
 * in the `Date` header of its answers. Source: the SDKs; an answer out of a cache (`Age`) tells nothing.
 */
import type { TransportAnswer } from "../transport/transport.ts";
import type { World } from "../world.ts";

/** Below this, the service's tolerance is enough. */
const SKEW_MS_MIN = 240_000;

/** Errors that a wrong clock can cause. A plain denial has the same names, so the clock must be seen to be wrong, too. */
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
  readonly #world: Pick<World, "wallMs">;
  #offsetMs = 0;

  constructor(world: Pick<World, "wallMs">) {
    this.#world = world;
  }

  /** The time of the service, as far as it is known, in milliseconds since the epoch. */
  nowMs(): number {
    return this.#world.wallMs() + this.#offsetMs;
  }

  /** Learns from an answer. */
  observe(answer: TransportAnswer): void {
    const date = answer.header("date");
    if (date === undefined || answer.header("age") !== undefined) return;
    const serviceMs = Date.parse(date);
    if (Math.abs(serviceMs - this.nowMs()) >= SKEW_MS_MIN) this.#offsetMs = serviceMs - this.#world.wallMs();
  }

  /** Whether a request that was signed at a time failed because the clock was wrong, and would not now. */
  explains(code: string, signedAtMs: number): boolean {
    return SKEW_CODES.has(code) && Math.abs(this.nowMs() - signedAtMs) >= SKEW_MS_MIN;
  }
}
