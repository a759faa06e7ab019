/**
 * The official client's class on this package's engine: code that was written for it runs after its import is changed. Only
 * calls are supported; the use of the official class's middleware is an error, and its waiters are missing.
 */
import { MarketplaceMeteringClient as Client } from "../client.ts";
import type { ClientConfiguration } from "../configuration.ts";
import { defaultEndpointProvider } from "../endpoint/endpoint-provider.ts";
import { configurationError, type Outcome } from "../outcome.ts";
import type { HttpAgent } from "../platform/platform.ts";
import { ClientRuntime } from "../runtime.ts";
import {
  BatchMeterUsageCommand,
  MeterUsageCommand,
  RegisterUsageCommand,
  ResolveCustomerCommand,
  type MeteringCommand,
} from "./commands.ts";
import { exceptionOf } from "./exception-of.ts";
import type { ResponseMetadata } from "./exceptions.ts";
import type {
  BatchMeterUsageCommandInput,
  BatchMeterUsageCommandOutput,
  MeterUsageCommandInput,
  MeterUsageCommandOutput,
  RegisterUsageCommandInput,
  RegisterUsageCommandOutput,
  ResolveCustomerCommandInput,
  ResolveCustomerCommandOutput,
} from "./shapes.ts";
import { fromWire, toWire } from "./wire-json.ts";

/** This package's configuration, and the official client's settings that have other names. */
export interface MarketplaceMeteringClientConfig extends ClientConfiguration {
  /** The plain options of a `NodeHttpHandler`: agents and time-outs. */
  readonly requestHandler?: {
    readonly httpAgent?: HttpAgent;
    readonly httpsAgent?: HttpAgent;
    readonly connectionTimeout?: number;
    readonly requestTimeout?: number;
  };
}

export interface SendOptions {
  readonly abortSignal?: AbortSignal;
  /** How long an attempt may take, in milliseconds. */
  readonly requestTimeout?: number;
}

export type SendCallback<Output> = (error: unknown, output?: Output) => void;

export class MarketplaceMeteringClient {
  readonly #configuration: ClientConfiguration;
  readonly #runtime: ClientRuntime;
  #own: Client | undefined;

  constructor(config: MarketplaceMeteringClientConfig = {}) {
    this.#configuration = ownConfiguration(config);
    this.#runtime = new ClientRuntime(this.#configuration, defaultEndpointProvider);
  }

  /** This package's own client, with the same configuration, for `meterAll`. `destroy` closes it, too. */
  get countinghouse(): Client {
    this.#own ??= new Client(this.#configuration);
    return this.#own;
  }

  send<Input extends object, Output extends object>(
    command: MeteringCommand<Input, Output>,
    options?: SendOptions,
  ): Promise<Output>;
  send<Input extends object, Output extends object>(
    command: MeteringCommand<Input, Output>,
    callback: SendCallback<Output>,
  ): void;
  send<Input extends object, Output extends object>(
    command: MeteringCommand<Input, Output>,
    options: SendOptions,
    callback: SendCallback<Output>,
  ): void;
  send<Input extends object, Output extends object>(
    command: MeteringCommand<Input, Output>,
    second: SendOptions | SendCallback<Output> = {},
    third?: SendCallback<Output>,
  ): Promise<Output> | undefined {
    const callback = typeof second === "function" ? second : third;
    const sending = this.#send(command, typeof second === "function" ? {} : second);
    if (callback === undefined) return sending;
    sending.then(
      (output) => callback(undefined, output),
      (error: unknown) => callback(error),
    );
    return undefined;
  }

  destroy(): void {
    this.#runtime.closeConnections();
    void this.#own?.close();
  }

  get middlewareStack(): never {
    throw configurationError(
      "There is no middleware here; a header or a look at answers is a wrapped transport: see defaultTransport in the README of @countinghouse/client.",
    );
  }

  async #send<Input extends object, Output extends object>(
    { operation, input }: MeteringCommand<Input, Output>,
    { abortSignal, requestTimeout }: SendOptions,
  ): Promise<Output> {
    const { name } = operation;
    // The official client adds a token as well, so that a retry is the same request to the service.
    const token = name === "MeterUsage" ? { ClientToken: this.#runtime.world.uuid() } : {};
    const given = Object.entries(input).filter(([, value]) => value !== undefined);
    const body = JSON.stringify(toWire(operation.input, { ...token, ...Object.fromEntries(given) }));
    const read = (json: unknown): object => fromWire(operation.output, json) as object;
    const limits = { signal: abortSignal, attemptTimeoutMs: requestTimeout };
    const outcome = await this.#runtime.caller.call({ name, read }, body, limits);
    const $metadata = metadataOf(outcome);
    if (outcome.ok) return { $metadata, ...outcome.result } as Output;
    const { error } = outcome;
    // Without an answer, the error is not the service's. It keeps its own name, as in the official client.
    if (error.requestId === undefined && error.status === undefined) throw Object.assign(error, { $metadata });
    throw exceptionOf(error, $metadata);
  }
}

/** The official client with a method for each operation. */
export class MarketplaceMetering extends MarketplaceMeteringClient {
  batchMeterUsage(input: BatchMeterUsageCommandInput, options?: SendOptions): Promise<BatchMeterUsageCommandOutput> {
    return this.send(new BatchMeterUsageCommand(input), options);
  }

  meterUsage(input: MeterUsageCommandInput, options?: SendOptions): Promise<MeterUsageCommandOutput> {
    return this.send(new MeterUsageCommand(input), options);
  }

  registerUsage(input: RegisterUsageCommandInput, options?: SendOptions): Promise<RegisterUsageCommandOutput> {
    return this.send(new RegisterUsageCommand(input), options);
  }

  resolveCustomer(input: ResolveCustomerCommandInput, options?: SendOptions): Promise<ResolveCustomerCommandOutput> {
    return this.send(new ResolveCustomerCommand(input), options);
  }
}

function ownConfiguration({ requestHandler = {}, ...config }: MarketplaceMeteringClientConfig): ClientConfiguration {
  for (const name of ["region", "endpoint", "maxAttempts"] as const) {
    if (config[name] === undefined || ["string", "number"].includes(typeof config[name])) continue;
    throw configurationError(
      `${name} must be a plain value here; functions that give it are the official client's only.`,
    );
  }
  const { httpAgent, httpsAgent = httpAgent, connectionTimeout, requestTimeout } = requestHandler;
  const agent = config.endpoint?.startsWith("http:") === true ? (httpAgent ?? httpsAgent) : httpsAgent;
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(connectionTimeout === undefined ? {} : { connectTimeoutMs: connectionTimeout }),
    ...(requestTimeout === undefined ? {} : { attemptTimeoutMs: requestTimeout }),
    ...config,
  };
}

function metadataOf(outcome: Outcome<object>): ResponseMetadata {
  const { requestId, status, attempts } = outcome.ok ? outcome.metadata : outcome.error;
  return {
    ...(status === undefined ? {} : { httpStatusCode: status }),
    ...(requestId === undefined ? {} : { requestId }),
    attempts,
    totalRetryDelay: outcome.ok ? outcome.metadata.retryDelayMs : 0,
  };
}
