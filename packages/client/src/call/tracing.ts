/**
 * Spans and trace headers with OpenTelemetry, where a program uses it: a span for each call and, where nothing else traces the
 * requests, one for each attempt. Where a program does not, the only cost is one look at a global name for each call.
 */
import { SERVICE_ID } from "@countinghouse/protocol";
import type { MeteringError, Outcome } from "../outcome.ts";
import { checkHeaders } from "../transport/transport.ts";
import { VERSION } from "../version.ts";

type Attributes = Readonly<Record<string, string | number>>;
type Context = unknown;

interface Span {
  setAttributes(attributes: Record<string, string | number>): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** The parts of `@opentelemetry/api` that are used; the module itself fits. */
export interface OpenTelemetry {
  readonly trace: {
    getTracer(
      name: string,
      version?: string,
    ): { startSpan(name: string, options?: { kind?: number; attributes?: Record<string, string | number> }): Span };
    // oxlint-disable-next-line typescript/no-explicit-any -- contexts and spans are the module's own, and only handed back
    setSpan(context: never, span: never): Context;
  };
  readonly context: { active(): Context; with<T>(context: never, run: () => T): T };
  readonly propagation: { inject(context: never, carrier: Record<string, string>): void };
}

const PEER = "@opentelemetry/api";
/** The name under which the API keeps its registrations, so that all copies of it in a program share them. */
const REGISTERED: symbol = Symbol.for("opentelemetry.js.api.1");
const KIND_CLIENT = 2;
const STATUS_ERROR = 2;

/** Finds OpenTelemetry: the given module, or the program's own, which may be set up after the client. */
export class Tracing {
  #api: OpenTelemetry | undefined;
  #loading: Promise<OpenTelemetry | undefined> | undefined;
  #isMissing = false;

  constructor(api: OpenTelemetry | undefined) {
    this.#api = api;
  }

  /** Undefined where nobody traces. */
  current(): OpenTelemetry | Promise<OpenTelemetry | undefined> | undefined {
    if (this.#api !== undefined || this.#isMissing) return this.#api;
    if (!(REGISTERED in globalThis)) return undefined;
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<OpenTelemetry | undefined> {
    try {
      // The name is not a literal, so that bundlers do not look for a package that many programs do not have.
      const name: string = PEER;
      this.#api = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as OpenTelemetry;
    } catch {
      this.#isMissing = true;
    }
    return this.#api;
  }
}

/**
 * The program's own tracing may throw: its processors, propagators and exporters run inside these calls. The call goes on then. A
 * record that was metered must not look like one that was not.
 */
function unfailing<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** A call that is traced. No method throws or rejects. */
export class TracedCall {
  readonly #api: OpenTelemetry;
  readonly #span: Span;
  readonly #context: Context;

  /** Undefined where it cannot be traced. */
  static begin(api: OpenTelemetry, operation: string): TracedCall | undefined {
    return unfailing(() => new TracedCall(api, operation));
  }

  private constructor(api: OpenTelemetry, operation: string) {
    this.#api = api;
    const attributes = { "rpc.system": "aws-api", "rpc.service": SERVICE_ID, "rpc.method": operation };
    this.#span = this.#start(`${SERVICE_ID.replaceAll(" ", "")}.${operation}`, attributes);
    this.#context = api.trace.setSpan(api.context.active() as never, this.#span as never);
  }

  /** Runs the call within its span, so that everything it does belongs to the span. Runs it once, even where tracing throws. */
  async run<Result>(call: () => Promise<Outcome<Result>>): Promise<Outcome<Result>> {
    let running: Promise<Outcome<Result>> | undefined;
    const once = (): Promise<Outcome<Result>> => (running ??= call());
    void unfailing(() => this.#api.context.with(this.#context as never, once));
    const outcome = await once();
    const { requestId, status, attempts } = outcome.ok ? outcome.metadata : outcome.error;
    const attributes = {
      ...(requestId === undefined ? {} : { "aws.request_id": requestId }),
      ...(status === undefined || status === 0 ? {} : { "http.response.status_code": status }),
      "countinghouse.attempts": attempts,
    };
    end(this.#span, attributes, outcome.error);
    return outcome;
  }

  /** One attempt that nothing else traces: adds the trace headers to the request's headers. Undefined where tracing throws. */
  attempt(url: URL, attempt: number, headers: string[]): TracedAttempt | undefined {
    const span = unfailing(() =>
      this.#api.context.with(this.#context as never, () =>
        this.#start("POST", {
          "http.request.method": "POST",
          "url.full": url.href,
          "server.address": url.hostname,
          "server.port": url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
          ...(attempt === 1 ? {} : { "http.request.resend_count": attempt - 1 }),
        }),
      ),
    );
    if (span === undefined) return undefined;
    for (const header of unfailing(() => this.#headersFor(span)) ?? []) headers.push(...header);
    return {
      end: (status, error) => end(span, status === undefined ? {} : { "http.response.status_code": status }, error),
    };
  }

  /** What no header may hold is left out. */
  #headersFor(span: Span): [name: string, value: string][] {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(this.#api.trace.setSpan(this.#context as never, span as never) as never, carrier);
    return Object.entries(carrier)
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .filter(isSendable);
  }

  #start(name: string, attributes: Attributes): Span {
    return this.#api.trace
      .getTracer("@countinghouse/client", VERSION)
      .startSpan(name, { kind: KIND_CLIENT, attributes: { ...attributes } });
  }
}

function isSendable(header: readonly string[]): boolean {
  return unfailing(() => (checkHeaders(header), true)) === true;
}

export interface TracedAttempt {
  end(status: number | undefined, error: MeteringError | undefined): void;
}

/** Each step by itself: a span that was begun is ended, whatever becomes of what it says. */
function end(span: Span, attributes: Attributes, error: MeteringError | undefined): void {
  unfailing(() => span.setAttributes({ ...attributes, ...(error === undefined ? {} : { "error.type": error.name }) }));
  if (error !== undefined) unfailing(() => span.setStatus({ code: STATUS_ERROR, message: error.message }));
  unfailing(() => span.end());
}
