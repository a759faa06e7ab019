/**
 * In a lab, keeps the newest requests on the wire with their answers, in memory only. Requests that were refused before their
 * caller was known are among them. They are kept as they came; they are decoded, and their secrets hidden, only when they are
 * read.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { WireRequest, WireResponse } from "../../listener/message.ts";

const REQUESTS_MAX = 500;
const BYTES_MAX = 16 * 1_048_576;
/** How much of one body is kept. */
const BODY_BYTES_MAX = 65_536;
/** About how much memory a request takes besides its texts. */
const OWN_BYTES = 512;

interface HeldBody {
  readonly bytes: Buffer;
  /** The body's whole size. */
  readonly sentBytes: number;
}

export interface RawRequest {
  readonly requestId: string;
  /** Wall clock. */
  readonly receivedAtMs: EpochMs;
  readonly milliseconds: number;
  readonly request: Omit<WireRequest, "body">;
  readonly requestBody: HeldBody;
  readonly answer: Omit<WireResponse, "body">;
  readonly answerBody: HeldBody;
  readonly bytes: number;
}

export class RawRequests {
  /** Oldest first. */
  readonly #held = new Map<string, RawRequest>();
  #bytes = 0;

  get held(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(
    { body, ...request }: WireRequest,
    { body: answered, ...answer }: WireResponse,
    timing: Pick<RawRequest, "receivedAtMs" | "milliseconds">,
  ): void {
    const requestId = answer.headers["x-amzn-RequestId"];
    if (requestId === undefined) return;
    const requestBody = heldBody(body);
    const answerBody = heldBody(answered);
    const bytes = OWN_BYTES + textBytes(request) + requestBody.bytes.length + answerBody.bytes.length;
    this.#held.set(requestId, { requestId, ...timing, request, requestBody, answer, answerBody, bytes });
    this.#bytes += bytes;
    for (const [id, oldest] of this.#held) {
      if (this.#held.size <= REQUESTS_MAX && this.#bytes <= BYTES_MAX) break;
      this.#held.delete(id);
      this.#bytes -= oldest.bytes;
    }
  }

  find(requestId: string): RawRequest | undefined {
    return this.#held.get(requestId);
  }

  newestFirst(): readonly RawRequest[] {
    return [...this.#held.values()].toReversed();
  }
}

/** Copies the bytes: they may be a small part of a large buffer, which would be kept with them. */
function heldBody(body: string | Uint8Array): HeldBody {
  const whole = typeof body === "string" ? Buffer.from(body) : body;
  return { bytes: Buffer.from(whole.subarray(0, BODY_BYTES_MAX)), sentBytes: whole.length };
}

function textBytes({ path, query, headers }: Omit<WireRequest, "body">): number {
  let characters = path.length + query.length;
  for (const [name, values] of headers) {
    for (const value of values) characters += name.length + value.length;
  }
  return characters * 2;
}
