/** `fetch`, the transport of every runtime without a faster one. The runtime keeps and closes the connections. */
import {
  ANSWER_BYTES_MAX,
  TransportError,
  checkHeaders,
  connectionTrouble,
  isTransportError,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

/** The parts of `fetch` that are used, so that a wrapped one fits. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class FetchTransport implements Transport {
  readonly isTraced = true;
  readonly #fetch: Fetch;

  constructor(ownFetch?: Fetch) {
    this.#fetch = ownFetch ?? ((url, init) => fetch(url, init));
  }

  async send(request: TransportRequest): Promise<TransportAnswer> {
    checkHeaders(request.headers);
    const { signal } = request;
    if (isAborted(signal)) throw aborted(signal, false);
    const controller = new AbortController();
    const onAbort = (): void => controller.abort();
    const timer = setTimeout(onAbort, request.timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const response = await this.#fetch(request.url.href, {
        method: request.method,
        headers: pairs(request.headers),
        // A GET must not have a body, not even an empty one.
        ...(request.body === "" ? {} : { body: request.body }),
        redirect: "manual",
        signal: controller.signal,
      });
      const text = await textOf(response);
      return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, text };
    } catch (error) {
      if (isAborted(signal)) throw aborted(signal, true);
      if (isTransportError(error)) throw error;
      if (controller.signal.aborted) {
        throw new TransportError("timeout", `No answer within ${request.timeoutMs} ms.`, true);
      }
      throw connectionTrouble(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    // `fetch` has nothing to close.
  }
}

/** A function, because TypeScript would remember the first result although the signal may change meanwhile. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Reads piece by piece, so that an endless answer is not kept; as a whole where a runtime has no streams. */
async function textOf(response: Response): Promise<string> {
  const reader = (response.body ?? undefined)?.getReader();
  if (reader === undefined) return response.text();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes > ANSWER_BYTES_MAX) {
      void reader.cancel().catch(() => undefined);
      throw new TransportError("connection", "The answer is too large.", true);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) result.push([flat[i] as string, flat[i + 1] as string]);
  return result;
}

function aborted(signal: AbortSignal | undefined, maySucceed: boolean): TransportError {
  return new TransportError("aborted", "The call was aborted.", maySucceed, signal?.reason);
}
