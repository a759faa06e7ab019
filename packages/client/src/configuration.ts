/** What a client can be told, and how its constructor's arguments are told apart. */
import type { Executor } from "./call/executor.ts";
import type { Logger, OnAttempt } from "./call/reports.ts";
import type { OpenTelemetry } from "./call/tracing.ts";
import { isAwsCredentials, type AwsCredentials, type CredentialsProvider } from "./credentials/credentials.ts";
import type { EndpointProvider } from "./endpoint/endpoint-provider.ts";
import type { HttpAgent } from "./platform/platform.ts";
import type { Fetch } from "./transport/fetch.ts";
import type { Transport } from "./transport/transport.ts";
import type { World } from "./world.ts";

/**
 * How a client works. Everything is optional: what is not given is taken from the environment and the profile, as the
 * AWS SDKs do, and then by default. Names are those of the official SDK where it has the same thing.
 */
export interface ClientConfiguration {
  /** `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, and on EC2 the instance's. */
  readonly region?: string;
  /** Where requests go instead of AWS. `AWS_ENDPOINT_URL_MARKETPLACE_METERING`, `AWS_ENDPOINT_URL`, the profile's. */
  readonly endpoint?: string;
  /** Do not look for an endpoint in the environment and the profile. `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`. */
  readonly ignoreConfiguredEndpointUrls?: boolean;
  /** `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`; by default false. */
  readonly useFipsEndpoint?: boolean;
  /** `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint`; by default false. */
  readonly useDualstackEndpoint?: boolean;
  /** The profile of the shared configuration files. `AWS_PROFILE`; by default `default`. */
  readonly profile?: string;
  /** Credentials, or what gives them; by default the credential chain. */
  readonly credentials?: AwsCredentials | CredentialsProvider;

  /** How often a request is sent at most, the first time included. `AWS_MAX_ATTEMPTS`; by default 3. */
  readonly maxAttempts?: number;
  /**
   * The budget that retries of this client share: each takes 14 (5 after throttling), a success gives back what its own
   * retry took, or 1. Without any left, errors are returned at once. By default 500.
   */
  readonly retryTokens?: number;
  /**
   * How long a connection may take to open, in milliseconds; by default 3,000. Not with `fetch`. Of this and the next two:
   * what is negative has run out already, and `Infinity` is the longest that a timer waits, 24 days.
   */
  readonly connectTimeoutMs?: number;
  /** How long one attempt may take, in milliseconds; by default 30,000. */
  readonly attemptTimeoutMs?: number;
  /** How long a call may take with all its attempts, in milliseconds; by default as long as they take. */
  readonly callTimeoutMs?: number;
  /** Sign with the service's time where its `Date` differs by 4 minutes or more; by default true. */
  readonly correctClockSkew?: boolean;

  /**
   * An agent of `node:http` or `node:https`, for a proxy, say. STS is asked through it, too; sources of credentials on this
   * machine or its link (metadata, task and pod credentials) are not. The client does not close it. Node only.
   */
  readonly agent?: HttpAgent;
  /** A `fetch` to send with, on any runtime. */
  readonly fetch?: Fetch;
  /** Something else to send with; `defaultTransport()` can be wrapped. The client does not close it. */
  readonly transport?: Transport;
  /** Runs `…Callable` and `…Async` calls; by default as many at once as `concurrency` says. */
  readonly executor?: Executor;
  /** Connections to one host that are open at once; by default 50. On Node, and without an `agent`, `fetch` or `transport`. */
  readonly connectionsMax?: number;
  /** Calls that the default executor runs at once; by default 25. */
  readonly concurrency?: number;
  /** Is told of every call: `debug` of what succeeds, `info` of what is sent again, `warn` of what fails. */
  readonly logger?: Logger;
  /** Is told of every attempt when it has ended, before the call goes on. What it throws goes to the logger. */
  readonly onAttempt?: OnAttempt;
  /**
   * The module `@opentelemetry/api`, for programs whose bundle it is in. Else it is found by itself where the program has
   * set it up, and `false` keeps this client out of it.
   */
  readonly openTelemetry?: OpenTelemetry | false;
  /** Added to the user agent, such as `acme-metering/2.1`. */
  readonly userAgent?: string;
  /** Time and randomness, replaced in tests. */
  readonly world?: Partial<World>;
}

/** The constructor's arguments, sorted. */
interface ClientArguments {
  readonly configuration: ClientConfiguration;
  readonly endpointProvider: EndpointProvider | undefined;
}

type First = ClientConfiguration | AwsCredentials | CredentialsProvider | undefined;
type Other = ClientConfiguration | EndpointProvider | undefined;

/** Tells the forms of the constructor apart: by what an argument is, not by where it stands. */
export function sortArguments(first: First, ...others: readonly Other[]): ClientArguments {
  const isCredentials = typeof first === "function" || isAwsCredentials(first);
  const rest = isCredentials ? others : [first, ...others];
  let configuration: ClientConfiguration = {};
  let endpointProvider: EndpointProvider | undefined;
  for (const argument of rest) {
    if (argument === undefined) continue;
    if ("resolveEndpoint" in argument) endpointProvider = argument;
    else configuration = argument;
  }
  return { configuration: isCredentials ? { ...configuration, credentials: first } : configuration, endpointProvider };
}
