/** Puts a client's parts together, and finds settings and credentials at the first call. */
import { platform } from "#platform";
import type { TransportChoice } from "./platform/platform.ts";
import { Caller, type Destination } from "./call/caller.ts";
import { Reports, unfailing, type Logger } from "./call/reports.ts";
import { RetryBudget } from "./call/retry.ts";
import { Signer } from "./call/signing.ts";
import { SkewedClock } from "./call/skew.ts";
import { Tracing } from "./call/tracing.ts";
import type { ClientConfiguration } from "./configuration.ts";
import type { SourceParts } from "./credentials/chain-parts.ts";
import type { CredentialsProvider } from "./credentials/credentials.ts";
import { CredentialsKeeper } from "./credentials/keeper.ts";
import type { EndpointProvider } from "./endpoint/endpoint-provider.ts";
import { endpointUrlOf, withScheme } from "./endpoint/endpoint-url.ts";
import { configurationError } from "./outcome.ts";
import { readSharedFiles, unreadableNote, type SharedFiles } from "./profile/shared-files.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import { VERSION } from "./version.ts";
import { realWorld, type World } from "./world.ts";
import type { Transport } from "./transport/transport.ts";

const RETRY_TOKENS = 500;
const CONNECT_TIMEOUT_MS = 3_000;
const ATTEMPT_TIMEOUT_MS = 30_000;

/**
 * The transport that a client has by default: on Node, connections of its own, or `node:http` with an `agent`; elsewhere, or
 * with a `fetch`, that. A program can wrap it and give it to a client as its `transport`; the program must then close it.
 */
export function defaultTransport(choice: TransportChoice = {}): Transport {
  return platform.transport(choice);
}

export class ClientRuntime {
  readonly world: World;
  readonly caller: Caller;
  readonly clock: SkewedClock;
  /** The configured logger, made so that it does not throw. */
  readonly logger: Logger;
  readonly #configuration: ClientConfiguration;
  readonly #transport: Transport;
  readonly #ownsTransport: boolean;
  /** Asks sources of credentials on this machine: not through an agent, which may lead to a proxy. */
  readonly #sources: Transport;
  #endpointProvider: EndpointProvider;
  #endpointOverride: string | undefined;
  #files: Promise<SharedFiles> | undefined;
  #settings: Promise<Settings> | undefined;
  #destination: Destination | Promise<Destination> | undefined;

  constructor(configuration: ClientConfiguration, endpointProvider: EndpointProvider) {
    const { agent, fetch, connectionsMax, onAttempt, openTelemetry } = configuration;
    this.logger = unfailing(configuration.logger ?? {});
    const isHeard = configuration.logger !== undefined || onAttempt !== undefined;
    this.world = { ...realWorld, ...configuration.world };
    this.clock = new SkewedClock(this.world);
    this.#configuration = configuration;
    this.#ownsTransport = configuration.transport === undefined;
    this.#transport = configuration.transport ?? defaultTransport({ agent, fetch, connectionsMax });
    this.#sources = agent === undefined ? this.#transport : defaultTransport({ fetch });
    this.#endpointProvider = endpointProvider;
    this.caller = new Caller({
      destination: () => this.destination(),
      credentials: new CredentialsKeeper({ provider: this.#provider(), world: this.world, logger: this.logger }),
      transport: this.#transport,
      signer: new Signer(platform.cryptography),
      clock: this.clock,
      budget: new RetryBudget(configuration.retryTokens ?? RETRY_TOKENS),
      world: this.world,
      logger: this.logger,
      reports: isHeard ? new Reports(this.logger, onAttempt) : undefined,
      tracing: openTelemetry === false ? undefined : new Tracing(openTelemetry),
      limits: {
        connectTimeoutMs: configuration.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        attemptTimeoutMs: configuration.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS,
        callTimeoutMs: configuration.callTimeoutMs,
      },
    });
  }

  get endpointProvider(): EndpointProvider {
    return this.#endpointProvider;
  }

  set endpointProvider(provider: EndpointProvider) {
    this.#endpointProvider = provider;
    this.#destination = undefined;
  }

  overrideEndpoint(endpoint: string | undefined): void {
    this.#endpointOverride = endpoint;
    this.#destination = undefined;
  }

  closeConnections(): void {
    if (this.#ownsTransport) this.#transport.close();
    if (this.#sources !== this.#transport) this.#sources.close();
  }

  destination(): Destination | Promise<Destination> {
    return (this.#destination ??= this.#resolveDestination());
  }

  #resolveDestination(): Promise<Destination> {
    const resolving = this.#findDestination().then(
      (destination) => {
        // Later calls need not wait for it; unless the endpoint was changed meanwhile.
        if (this.#destination === resolving) this.#destination = destination;
        return destination;
      },
      (error: unknown) => {
        if (this.#destination === resolving) this.#destination = undefined;
        throw error;
      },
    );
    return resolving;
  }

  async #findDestination(): Promise<Destination> {
    const region = await this.#region();
    const settings = await this.#resolveSettings();
    const custom = this.#endpointOverride ?? settings.endpoint;
    const { url } = this.#endpointProvider.resolveEndpoint({
      region,
      endpoint: custom === undefined ? undefined : withScheme(custom),
      useFips: settings.useFips,
      useDualStack: settings.useDualStack,
    });
    const parsed = endpointUrlOf(url);
    // The operation's path is `/`, below the endpoint's path.
    if (!parsed.pathname.endsWith("/")) parsed.pathname += "/";
    return {
      url: parsed,
      region,
      maxAttempts: settings.maxAttempts,
      correctClockSkew: settings.correctClockSkew,
      userAgent: this.#userAgent(settings),
    };
  }

  #resolveSettings(): Promise<Settings> {
    this.#settings ??= this.#chainParts()
      .then((parts) => resolveSettings(this.#configuration, parts))
      .then(
        (settings) => {
          // The instance, which is asked last, may only have been slow: the next call asks for its region again.
          if (settings.region === undefined) this.#settings = undefined;
          return settings;
        },
        (error: unknown) => {
          this.#settings = undefined;
          throw error;
        },
      );
    return this.#settings;
  }

  /** A region is never guessed: the service keeps records by region, so a record that is sent to two regions counts twice. */
  async #region(): Promise<string> {
    const { region } = await this.#resolveSettings();
    if (region !== undefined) return region;
    const note = unreadableNote((await this.#chainParts()).files);
    throw configurationError(`Invalid Configuration: Missing Region${note === "" ? "" : `.${note}`}`);
  }

  async #chainParts(): Promise<SourceParts> {
    const { profile, ignoreConfiguredEndpointUrls } = this.#configuration;
    const { logger } = this;
    const { surroundings } = platform;
    this.#files ??= readSharedFiles(surroundings, profile, logger);
    const files = await this.#files;
    return { surroundings, files, transport: this.#sources, world: this.world, logger, ignoreConfiguredEndpointUrls };
  }

  #provider(): () => ReturnType<CredentialsProvider> {
    const { credentials } = this.#configuration;
    const properties = { callerClientConfig: { region: () => this.#region() } };
    if (typeof credentials === "function") return () => credentials(properties);
    if (credentials !== undefined) return () => credentials;
    let chain: CredentialsProvider | undefined;
    return async () => {
      chain ??= await this.#resolveChain();
      return chain(properties);
    };
  }

  async #resolveChain(): Promise<CredentialsProvider> {
    const parts = await this.#chainParts();
    // A program that gives its own credentials does not load the code that looks for some.
    const { resolveChain } = await import("./credentials/chain.ts");
    const { agent } = this.#configuration;
    return resolveChain({ ...parts, agent, transportOut: this.#transport, place: () => this.#resolveSettings() });
  }

  #userAgent({ applicationId }: Settings): string {
    const parts = [`countinghouse-client/${VERSION}`, platform.runtime];
    if (applicationId !== undefined) parts.push(`app/${applicationId.replace(/[^!#$%&'*+.^_`|~0-9A-Za-z-]/g, "-")}`);
    if (this.#configuration.userAgent !== undefined) parts.push(this.#configuration.userAgent);
    return parts.join(" ");
  }
}
