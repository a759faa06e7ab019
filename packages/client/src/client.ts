/**
 * The client. Each operation has four forms: it can be called and throw, called and answer with an outcome, submitted
 * (`…Callable`), or submitted with a handler (`…Async`).
 */
import { SERVICE_ID } from "@countinghouse/protocol";
import type { CallOperation, InnerCallOptions } from "./call/caller.ts";
import { boundedExecutor, type Executor } from "./call/executor.ts";
import type { CallOptions } from "./call/limits.ts";
import { sortArguments, type ClientConfiguration } from "./configuration.ts";
import type { AwsCredentials, CredentialsProvider } from "./credentials/credentials.ts";
import { defaultEndpointProvider, type EndpointProvider } from "./endpoint/endpoint-provider.ts";
import type { MeterableRecord } from "./batch/line.ts";
import { KnownIds } from "./meter-all/lines/remembered.ts";
import { MeterAllRun, type MeterAllInput } from "./meter-all/meter-all.ts";
import type { MeterAllOptions } from "./meter-all/options.ts";
import { Pacer } from "./meter-all/sending/pacer.ts";
import type { Metering } from "./meter-all/sending/sender.ts";
import { MeteringError, meteringErrorOf, answeredOf, resultOf, type Answered, type Outcome } from "./outcome.ts";
import {
  batchMeterUsageBody,
  meterUsageBody,
  operations,
  registerUsageBody,
  resolveCustomerBody,
  type BatchMeterUsageInput,
  type BatchMeterUsageOutput,
  type MeterUsageInput,
  type MeterUsageOutput,
  type RegisterUsageInput,
  type RegisterUsageOutput,
  type ResolveCustomerInput,
  type ResolveCustomerOutput,
} from "./operations.ts";
import { ClientRuntime } from "./runtime.ts";

/** Gets the outcome of a submitted call, with the client, the input and the caller's own context. */
export type OutcomeHandler<Input, Output, Context> = (
  client: MarketplaceMeteringClient,
  input: Input,
  outcome: Outcome<Output>,
  context: Context,
) => void;

const CONCURRENCY = 25;
/** AWS's quota for BatchMeterUsage, for an account and region. */
const REQUESTS_PER_SECOND = 10;

/**
 * A client of the AWS Marketplace Metering Service, of AWS's or of Countinghouse's.
 *
 * Retries are safe: every attempt of a call sends the same bytes, BatchMeterUsage and MeterUsage are idempotent by the
 * key of a record (hour, product or licence, customer, dimension), and MeterUsage by its client token, too.
 *
 * Errors of calls are `MeteringError`s; compare their `name`.
 */
export class MarketplaceMeteringClient implements AsyncDisposable {
  /** The name of the service, as AWS has it. */
  static readonly serviceName: string = SERVICE_ID;

  readonly #runtime: ClientRuntime;
  readonly #executor: Executor;
  readonly #pacer: Pacer;
  readonly #knownIds = new KnownIds();
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** Takes credentials from the default chain: environment, profile, web identity, container, instance. */
  constructor(configuration?: ClientConfiguration, endpointProvider?: EndpointProvider);
  /** Uses these credentials, or those that a provider gives. */
  constructor(
    credentials: AwsCredentials | CredentialsProvider,
    endpointProvider?: EndpointProvider,
    configuration?: ClientConfiguration,
  );
  /** The legacy form: the configuration directly follows the credentials. */
  constructor(credentials: AwsCredentials | CredentialsProvider, configuration: ClientConfiguration);
  constructor(
    first?: ClientConfiguration | AwsCredentials | CredentialsProvider,
    second?: EndpointProvider | ClientConfiguration,
    third?: ClientConfiguration,
  ) {
    const { configuration, endpointProvider } = sortArguments(first, second, third);
    this.#runtime = new ClientRuntime(configuration, endpointProvider ?? defaultEndpointProvider);
    this.#pacer = new Pacer(this.#runtime.world);
    this.#executor = configuration.executor ?? boundedExecutor(configuration.concurrency ?? CONCURRENCY);
  }

  /**
   * Meters up to 25 usage records of customers of one product, from a SaaS application. Throws a `MeteringError`.
   *
   * A result's `status` says what became of its record, which need not be `Success`, and `unprocessedRecords` must be sent
   * again; `meterAll` takes care of both. One wrong record makes the service refuse the whole batch.
   */
  async batchMeterUsage(
    input: BatchMeterUsageInput,
    options: CallOptions = {},
  ): Promise<Answered<BatchMeterUsageOutput>> {
    return answeredOf(await this.batchMeterUsageOutcome(input, options));
  }

  /** Like `batchMeterUsage`, but errors are part of the outcome; never rejects. */
  batchMeterUsageOutcome(
    input: BatchMeterUsageInput,
    options: CallOptions = {},
  ): Promise<Outcome<BatchMeterUsageOutput>> {
    return this.#call(operations.batchMeterUsage, () => batchMeterUsageBody(input), options);
  }

  /** Like `batchMeterUsageOutcome`, but runs on the executor. */
  batchMeterUsageCallable(
    input: BatchMeterUsageInput,
    options: CallOptions = {},
  ): Promise<Outcome<BatchMeterUsageOutput>> {
    return this.#submit(operations.batchMeterUsage, () => batchMeterUsageBody(input), options);
  }

  /** Like `batchMeterUsageCallable`; a handler gets the outcome. */
  batchMeterUsageAsync<Context = undefined>(
    input: BatchMeterUsageInput,
    handler: OutcomeHandler<BatchMeterUsageInput, BatchMeterUsageOutput, Context | undefined>,
    context?: Context,
    options: CallOptions = {},
  ): void {
    this.#handOver(this.batchMeterUsageCallable(input, options), input, handler, context);
  }

  /**
   * Meters usage of the EC2 instance, ECS task or EKS pod that this program runs on, for its buyer's account. Throws a
   * `MeteringError`. The same usage again gets the same metering record id.
   */
  async meterUsage(input: MeterUsageInput, options: CallOptions = {}): Promise<Answered<MeterUsageOutput>> {
    return answeredOf(await this.meterUsageOutcome(input, options));
  }

  /** Like `meterUsage`, but errors are part of the outcome; never rejects. */
  meterUsageOutcome(input: MeterUsageInput, options: CallOptions = {}): Promise<Outcome<MeterUsageOutput>> {
    return this.#call(operations.meterUsage, () => meterUsageBody(input, this.#runtime.world.uuid), options);
  }

  /** Like `meterUsageOutcome`, but runs on the executor. */
  meterUsageCallable(input: MeterUsageInput, options: CallOptions = {}): Promise<Outcome<MeterUsageOutput>> {
    return this.#submit(operations.meterUsage, () => meterUsageBody(input, this.#runtime.world.uuid), options);
  }

  /** Like `meterUsageCallable`; a handler gets the outcome. */
  meterUsageAsync<Context = undefined>(
    input: MeterUsageInput,
    handler: OutcomeHandler<MeterUsageInput, MeterUsageOutput, Context | undefined>,
    context?: Context,
    options: CallOptions = {},
  ): void {
    this.#handOver(this.meterUsageCallable(input, options), input, handler, context);
  }

  /**
   * Tells the service that a container of a paid product has started: the service checks that the customer is entitled to the
   * product, and begins to meter it. To be called once, at the start of an ECS task or EKS pod. Throws a `MeteringError`.
   */
  async registerUsage(input: RegisterUsageInput, options: CallOptions = {}): Promise<Answered<RegisterUsageOutput>> {
    return answeredOf(await this.registerUsageOutcome(input, options));
  }

  /** Like `registerUsage`, but errors are part of the outcome; never rejects. */
  registerUsageOutcome(input: RegisterUsageInput, options: CallOptions = {}): Promise<Outcome<RegisterUsageOutput>> {
    return this.#call(operations.registerUsage, () => registerUsageBody(input), options);
  }

  /** Like `registerUsageOutcome`, but runs on the executor. */
  registerUsageCallable(input: RegisterUsageInput, options: CallOptions = {}): Promise<Outcome<RegisterUsageOutput>> {
    return this.#submit(operations.registerUsage, () => registerUsageBody(input), options);
  }

  /** Like `registerUsageCallable`; a handler gets the outcome. */
  registerUsageAsync<Context = undefined>(
    input: RegisterUsageInput,
    handler: OutcomeHandler<RegisterUsageInput, RegisterUsageOutput, Context | undefined>,
    context?: Context,
    options: CallOptions = {},
  ): void {
    this.#handOver(this.registerUsageCallable(input, options), input, handler, context);
  }

  /**
   * Resolves the registration token that a buyer's browser brought (`x-amzn-marketplace-token`, URL-decoded once) to the
   * customer. Throws a `MeteringError`; `ExpiredTokenException` is about that token.
   */
  async resolveCustomer(
    input: ResolveCustomerInput,
    options: CallOptions = {},
  ): Promise<Answered<ResolveCustomerOutput>> {
    return answeredOf(await this.resolveCustomerOutcome(input, options));
  }

  /** Like `resolveCustomer`, but errors are part of the outcome; never rejects. */
  resolveCustomerOutcome(
    input: ResolveCustomerInput,
    options: CallOptions = {},
  ): Promise<Outcome<ResolveCustomerOutput>> {
    return this.#call(operations.resolveCustomer, () => resolveCustomerBody(input), options);
  }

  /** Like `resolveCustomerOutcome`, but runs on the executor. */
  resolveCustomerCallable(
    input: ResolveCustomerInput,
    options: CallOptions = {},
  ): Promise<Outcome<ResolveCustomerOutput>> {
    return this.#submit(operations.resolveCustomer, () => resolveCustomerBody(input), options);
  }

  /** Like `resolveCustomerCallable`; a handler gets the outcome. */
  resolveCustomerAsync<Context = undefined>(
    input: ResolveCustomerInput,
    handler: OutcomeHandler<ResolveCustomerInput, ResolveCustomerOutput, Context | undefined>,
    context?: Context,
    options: CallOptions = {},
  ): void {
    this.#handOver(this.resolveCustomerCallable(input, options), input, handler, context);
  }

  /**
   * Meters any number of usage records, of any number of products, and reports of each what became of it. It checks each record
   * against the rules before it is sent, packs up to 25 of a product into a request, keeps to the service's quota, sends
   * unprocessed records again, and finds the single record that makes the service refuse a batch.
   *
   * `for await (const result of client.meterAll(records))`, or `toArray()`, or `assertAllAccepted()`.
   */
  meterAll<Item extends MeterableRecord>(
    records: MeterAllInput<Item>,
    options: MeterAllOptions = {},
  ): MeterAllRun<Item> {
    const { requestsPerSecond = REQUESTS_PER_SECOND } = options;
    const beforeAttempt = (signal: AbortSignal | undefined): Promise<void> =>
      this.#pacer.turn(requestsPerSecond, signal);
    const { clock, world } = this.#runtime;
    const startedMs = world.monotonicMs();
    const metering: Metering = {
      batchMeterUsage: (input, signals) =>
        this.#call(operations.batchMeterUsage, () => batchMeterUsageBody(input), { ...signals, beforeAttempt }),
      nowMs: () => clock.nowMs(),
      toldMs: () => clock.toldMs(startedMs),
      world,
      logger: this.#runtime.logger,
    };
    return new MeterAllRun(records, options, metering, this.#knownIds);
  }

  /**
   * The service's time: what the last answer told (its `Date`; in a Countinghouse lab, the time that usage is checked against),
   * plus the time since, by a clock that nobody sets. Undefined before this client's first answer: it is never this machine's
   * clock, which may be wrong. An empty BatchMeterUsage is a way to ask for it.
   */
  serviceTime(): Date | undefined {
    const toldMs = this.#runtime.clock.toldMs(Number.NEGATIVE_INFINITY);
    return toldMs === undefined ? undefined : new Date(toldMs);
  }

  /**
   * Where calls go: the endpoint's URL and the region, as configuration, environment and endpoint rules say. Throws a
   * `MeteringError`, `ConfigurationError`, where there is no region, or the rules refuse.
   */
  async destination(): Promise<{ readonly endpoint: string; readonly region: string }> {
    const { url, region } = await this.#runtime.destination();
    return { endpoint: url.href, region };
  }

  /** Sends later calls to this URL; `https://` is added where the scheme is missing. */
  overrideEndpoint(endpoint: string): void {
    this.#runtime.overrideEndpoint(endpoint);
  }

  /** Decides where requests go; by default with the service's endpoint rules. Can be replaced at any time. */
  get endpointProvider(): EndpointProvider {
    return this.#runtime.endpointProvider;
  }

  set endpointProvider(provider: EndpointProvider) {
    this.#runtime.endpointProvider = provider;
  }

  /** Accepts no more calls, waits for the end of those that were made or submitted, and closes the connections. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
    this.#runtime.closeConnections();
  }

  #call<Output>(
    operation: CallOperation<Output>,
    body: () => string,
    options: InnerCallOptions,
  ): Promise<Outcome<Output>> {
    return this.#track(operation, () => this.#perform(operation, body, options));
  }

  /** Reads the input at once: later changes to it have no effect. */
  #submit<Output>(
    operation: CallOperation<Output>,
    body: () => string,
    options: InnerCallOptions,
  ): Promise<Outcome<Output>> {
    const text = written(operation, body);
    return this.#track(operation, async () => {
      let begun = false;
      try {
        return await this.#executor.run(() => {
          begun = true;
          return this.#perform(operation, () => resultOf(text), options);
        });
      } catch (error) {
        // A call never rejects, so it is the executor that failed; it may be the program's own.
        const message = `The executor failed: ${String(error)}`;
        const details = { message, operation: operation.name, mayHaveSucceeded: begun, cause: error };
        return { ok: false, error: new MeteringError({ ...details, name: "ConfigurationError" }) };
      }
    });
  }

  /** Never rejects. */
  async #perform<Output>(
    operation: CallOperation<Output>,
    body: () => string,
    options: InnerCallOptions,
  ): Promise<Outcome<Output>> {
    const text = written(operation, body);
    return text.ok ? this.#runtime.caller.call(operation, text.result, options) : text;
  }

  #track<Output>(operation: CallOperation<Output>, perform: () => Promise<Outcome<Output>>): Promise<Outcome<Output>> {
    if (this.#closing !== undefined) {
      const message = "The client was closed.";
      const error = new MeteringError({ name: "ClientClosedError", message, operation: operation.name });
      return Promise.resolve({ ok: false, error });
    }
    const call = perform();
    this.#calls.add(call);
    const forget = (): void => {
      this.#calls.delete(call);
    };
    void call.then(forget);
    return call;
  }

  /** If a handler throws, its error becomes an unhandled rejection, so that the program's author notices it. */
  #handOver<Input, Output, Context>(
    future: Promise<Outcome<Output>>,
    input: Input,
    handler: OutcomeHandler<Input, Output, Context>,
    context: Context,
  ): void {
    void future.then((outcome) => handler(this, input, outcome, context));
  }
}

const UNSENT = { requestId: undefined, status: 0, attempts: 0, retryDelayMs: 0, earlierMayHaveSucceeded: false };

/** The body of a request, or why it cannot be written. */
function written(operation: CallOperation<unknown>, body: () => string): Outcome<string> {
  try {
    return { ok: true, result: body(), metadata: UNSENT };
  } catch (error) {
    const { message, name } = meteringErrorOf(error, "InvalidInputError");
    return { ok: false, error: new MeteringError({ name, message, operation: operation.name, cause: error }) };
  }
}
