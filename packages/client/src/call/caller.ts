/**
 * One call, from its body to its outcome: sign, send, read, and repeat where that makes sense. The body is fixed before the
 * first attempt, so that every attempt is the same request.
 */
import { JSON_CONTENT_TYPE, REQUEST_BYTES_LIMIT, meteringService } from "@countinghouse/protocol";
import type { AwsCredentials } from "../credentials/credentials.ts";
import type { CredentialsKeeper } from "../credentials/keeper.ts";
import {
  MeteringError,
  invalidInput,
  isMeteringError,
  meteringErrorOf,
  type AnswerMetadata,
  type Outcome,
} from "../outcome.ts";
import type { Transport, TransportAnswer } from "../transport/transport.ts";
import type { World } from "../world.ts";
import { jsonOf, requestIdOf, unreadable } from "./answer.ts";
import { LOST, copyOf, endOf, lostError, retried, withDoubt } from "./lost.ts";
import { limitsOf, type CallOptions, type ConfiguredLimits, type Limits } from "./limits.ts";
import type { AttemptReport, Logger, Reports } from "./reports.ts";
import { retryDelayMs, retryHintMs, type RetryBudget } from "./retry.ts";
import type { Signer } from "./signing.ts";
import type { SkewedClock } from "./skew.ts";
import { TracedCall, type TracedAttempt, type Tracing } from "./tracing.ts";
import { untilAborted } from "./until-aborted.ts";

/** Where a call goes, and how often it is tried. */
export interface Destination {
  readonly url: URL;
  readonly region: string;
  readonly maxAttempts: number;
  readonly correctClockSkew: boolean;
  readonly userAgent: string;
}

interface CallerParts {
  readonly destination: () => Destination | Promise<Destination>;
  readonly credentials: CredentialsKeeper;
  readonly transport: Transport;
  readonly signer: Signer;
  readonly clock: SkewedClock;
  readonly budget: RetryBudget;
  readonly world: World;
  readonly logger: Logger;
  /** Undefined where the program listens to no reports. */
  readonly reports: Reports | undefined;
  readonly tracing: Tracing | undefined;
  readonly limits: ConfiguredLimits;
}

/** An operation, and how its answer is read. */
export interface CallOperation<Result> {
  readonly name: string;
  readonly read: (json: unknown) => Result;
}

export interface InnerCallOptions extends CallOptions {
  /** Awaited before each attempt. */
  readonly beforeAttempt?: (signal: AbortSignal | undefined) => Promise<void>;
  /**
   * Ends the call before its next attempt, whatever it waits for. An attempt that was sent is awaited, unless `signal` is
   * aborted, which aborts the attempt, too.
   */
  readonly noMoreAttempts?: AbortSignal | undefined;
}

/** The result of one attempt: a success, or an error that says whether to try again. */
interface Attempt<Result> {
  readonly success?: { readonly result: Result; readonly answer: TransportAnswer };
  readonly error?: MeteringError;
  readonly hintMs?: number | undefined;
}

export class Caller {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /** Never rejects: failures are the outcome's error. */
  async call<Result>(
    operation: CallOperation<Result>,
    body: string,
    options: InnerCallOptions,
  ): Promise<Outcome<Result>> {
    const { reports, tracing, world } = this.#parts;
    const startedMs = reports === undefined ? 0 : world.monotonicMs();
    const found = tracing?.current();
    const api = found instanceof Promise ? await found : found;
    const traced = api === undefined ? undefined : TracedCall.begin(api, operation.name);
    const run = (): Promise<Outcome<Result>> => this.#limited(operation, body, options, traced);
    const outcome = await (traced === undefined ? run() : traced.run(run));
    reports?.call(operation.name, outcome, world.monotonicMs() - startedMs);
    return outcome;
  }

  async #limited<Result>(
    operation: CallOperation<Result>,
    body: string,
    options: InnerCallOptions,
    traced: TracedCall | undefined,
  ): Promise<Outcome<Result>> {
    let limits: Limits;
    try {
      limits = limitsOf(this.#parts.limits, options);
    } catch (error) {
      const refused = meteringErrorOf(error, "InvalidInputError");
      return { ok: false, error: copyOf(refused, { operation: operation.name }) };
    }
    const outcome = await this.#attempts(operation, body, limits, options, traced);
    limits.end?.();
    if (limits.callTimeoutMs === undefined || outcome.ok) return outcome;
    const asked = options.signal?.aborted === true || options.noMoreAttempts?.aborted === true;
    if (outcome.error.name !== "AbortError" || asked) return outcome;
    const { attempts, mayHaveSucceeded, cause } = outcome.error;
    const message = `The call took longer than ${limits.callTimeoutMs} ms.`;
    const details = { message, attempts, mayHaveSucceeded, cause, operation: operation.name };
    return { ok: false, error: new MeteringError({ ...details, name: "TimeoutError", ...LOST }) };
  }

  async #attempts<Result>(
    operation: CallOperation<Result>,
    body: string,
    limits: Limits,
    { beforeAttempt, noMoreAttempts }: InnerCallOptions,
    traced: TracedCall | undefined,
  ): Promise<Outcome<Result>> {
    const { budget, world, reports } = this.#parts;
    const signal = waitingSignalOf(limits, noMoreAttempts);
    let attempts = 0;
    let delayedMs = 0;
    let cost: number | undefined;
    let mayHaveSucceeded = false;
    try {
      const invocationId = world.uuid();
      if (isTooLarge(body)) throw invalidInput(`A request must be smaller than ${REQUEST_BYTES_LIMIT} bytes.`);
      const bodyHash = await this.#parts.signer.bodyHash(body);
      const destination = await untilAborted(() => this.#parts.destination(), signal);
      const { maxAttempts = destination.maxAttempts } = limits;
      for (;;) {
        if (beforeAttempt !== undefined) await beforeAttempt(signal);
        const credentials = await untilAborted(() => this.#parts.credentials.get(), signal);
        const next = attempts + 1;
        const of = { operation, body, bodyHash, destination, credentials, invocationId, limits };
        const call = { ...of, attempts: next, maxAttempts };
        const signed = await this.#signed(call);
        signal?.throwIfAborted();
        attempts = next;
        const startedMs = reports === undefined ? 0 : world.monotonicMs();
        const { success, error, hintMs } = await this.#traced(call, signed, traced);
        const durationMs = reports === undefined ? 0 : world.monotonicMs() - startedMs;
        if (success !== undefined) {
          budget.giveBack(cost);
          const metadata = metadataOf(success.answer, attempts, delayedMs, mayHaveSucceeded);
          reports?.attempt(reportOf(call, durationMs, metadata, undefined, undefined));
          return { ok: true, result: success.result, metadata };
        }
        if (error === undefined) throw new TypeError("An attempt came to nothing.");
        mayHaveSucceeded ||= error.mayHaveSucceeded;
        cost = error.retry === "never" || attempts >= maxAttempts ? undefined : budget.take(error.retry);
        const delayMs = cost === undefined ? undefined : retryDelayMs(attempts, error.retry, world.random(), hintMs);
        reports?.attempt(reportOf(call, durationMs, error, error, delayMs));
        if (delayMs === undefined) return { ok: false, error: withDoubt(error, mayHaveSucceeded) };
        if (delayMs > 0) await world.delay(delayMs, signal);
        delayedMs += delayMs;
      }
    } catch (error) {
      return { ok: false, error: endOf(error, signal, operation.name, attempts, mayHaveSucceeded) };
    }
  }

  /** Makes a span of its own where nothing else traces the request. */
  async #traced<Result>(
    request: AttemptRequest<Result>,
    signed: Signed,
    traced: TracedCall | undefined,
  ): Promise<Attempt<Result>> {
    let span: TracedAttempt | undefined;
    if (traced !== undefined && this.#parts.transport.isTraced !== true) {
      span = traced.attempt(request.destination.url, request.attempts, signed.headers);
    }
    const attempt = await this.#attempt(request, signed);
    span?.end(attempt.success?.answer.status ?? attempt.error?.status, attempt.error);
    return attempt;
  }

  async #signed<Result>(request: AttemptRequest<Result>): Promise<Signed> {
    const { clock, signer, world } = this.#parts;
    const { operation, destination, credentials } = request;
    const signedAtMs = destination.correctClockSkew ? clock.nowMs() : world.wallMs();
    const headers = await signer.sign(
      {
        url: destination.url,
        region: destination.region,
        contentType: JSON_CONTENT_TYPE,
        target: `${meteringService.targetPrefix}.${operation.name}`,
        bodyHash: request.bodyHash,
      },
      credentials,
      signedAtMs,
    );
    headers.push(
      "user-agent",
      destination.userAgent,
      "amz-sdk-invocation-id",
      request.invocationId,
      "amz-sdk-request",
      `attempt=${request.attempts}; max=${request.maxAttempts}`,
    );
    return { headers, signedAtMs };
  }

  async #attempt<Result>(request: AttemptRequest<Result>, signed: Signed): Promise<Attempt<Result>> {
    const { clock, transport, world } = this.#parts;
    const { operation, destination, attempts, limits } = request;
    const origin = { operation: operation.name, attempts };
    let answer: TransportAnswer;
    try {
      answer = await transport.send({
        method: "POST",
        url: destination.url,
        headers: signed.headers,
        body: request.body,
        connectTimeoutMs: limits.connectTimeoutMs,
        timeoutMs: limits.attemptTimeoutMs,
        signal: limits.signal,
      });
      if (destination.correctClockSkew) clock.observe(answer);
    } catch (error) {
      return { error: lostError(error, origin, limits.signal) };
    }
    try {
      return { success: { result: readWith(operation, jsonOf(answer, origin), answer, origin), answer } };
    } catch (error) {
      if (!isMeteringError(error)) return { error: lostError(error, origin, limits.signal) };
      const hintMs = retryHintMs((name) => answer.header(name), world.wallMs());
      return { error: this.#secondThought(error, request, signed.signedAtMs), hintMs };
    }
  }

  /** Some errors are final, except where the clock has just been corrected, or the credentials are renewed. */
  #secondThought<Result>(error: MeteringError, request: AttemptRequest<Result>, signedAtMs: number): MeteringError {
    const { clock, credentials, logger } = this.#parts;
    if (request.destination.correctClockSkew && clock.explains(error.name, signedAtMs)) {
      logger.warn?.(`The clock of this machine is wrong by minutes; requests are signed with the service's time.`);
      return retried(error);
    }
    if (isSessionExpired(error, request.credentials)) {
      credentials.expire(request.credentials);
      return retried(error);
    }
    return error;
  }
}

interface AttemptRequest<Result> {
  readonly operation: CallOperation<Result>;
  readonly body: string;
  readonly bodyHash: string;
  readonly destination: Destination;
  readonly credentials: AwsCredentials;
  readonly invocationId: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly limits: Limits;
}

interface Signed {
  readonly headers: string[];
  readonly signedAtMs: number;
}

function readWith<Result>(
  operation: CallOperation<Result>,
  json: unknown,
  answer: TransportAnswer,
  origin: { readonly operation: string; readonly attempts: number },
): Result {
  try {
    return operation.read(json);
  } catch (error) {
    throw unreadable(answer, origin, `The service's answer cannot be read: ${String(error)}`, error);
  }
}

/**
 * `ExpiredTokenException` has two meanings: the caller's session has expired, or the registration token of a ResolveCustomer.
 * New credentials help only with the first. For ResolveCustomer, only the text distinguishes them.
 */
function isSessionExpired(error: MeteringError, credentials: AwsCredentials): boolean {
  const renewable = credentials.sessionToken !== undefined && credentials.expiration !== undefined;
  if (error.name !== "ExpiredTokenException" || !renewable) return false;
  return error.operation !== "ResolveCustomer" || /security token included in the request/i.test(error.message);
}

function reportOf<Result>(
  { operation, attempts, maxAttempts, invocationId, destination }: AttemptRequest<Result>,
  durationMs: number,
  { status, requestId }: Pick<MeteringError, "status" | "requestId">,
  error: MeteringError | undefined,
  retryInMs: number | undefined,
): AttemptReport {
  const { url, region } = destination;
  const of = { operation: operation.name, attempt: attempts, maxAttempts, invocationId, url, region };
  return { ...of, durationMs, status, requestId, error, retryInMs };
}

function metadataOf(
  answer: TransportAnswer,
  attempts: number,
  delayedMs: number,
  earlierMayHaveSucceeded: boolean,
): AnswerMetadata {
  const { status } = answer;
  return { requestId: requestIdOf(answer), status, attempts, retryDelayMs: delayedMs, earlierMayHaveSucceeded };
}

/** What ends a call that waits. The signals are combined only where there is a deadline, which no other signal includes. */
function waitingSignalOf(limits: Limits, noMoreAttempts: AbortSignal | undefined): AbortSignal | undefined {
  if (noMoreAttempts === undefined || limits.signal === undefined) return noMoreAttempts ?? limits.signal;
  return limits.callTimeoutMs === undefined ? noMoreAttempts : AbortSignal.any([limits.signal, noMoreAttempts]);
}

/** Rule L1. A UTF-16 unit becomes at most three bytes of UTF-8, so most bodies need not be counted. */
function isTooLarge(body: string): boolean {
  return body.length * 3 >= REQUEST_BYTES_LIMIT && new TextEncoder().encode(body).length >= REQUEST_BYTES_LIMIT;
}
