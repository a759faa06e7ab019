/** The client's configuration, and how the constructor distinguishes its arguments. */
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
 * How a client works. Every member is optional: what is missing is taken from the environment and the profile, as in the AWS
 * SDKs, and otherwise has a default. Names are those of the official SDK where it has the same setting.
 */
export interface ClientConfiguration {
  /** By default `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, and on EC2 the instance's. */
  readonly region?: string;
  /** Where requests go, in place of AWS. `AWS_ENDPOINT_URL_MARKETPLACE_METERING`, `AWS_ENDPOINT_URL`, the profile's. */
  readonly endpoint?: string;
  /** Ignores endpoints in the environment and the profile. `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`. */
  readonly ignoreConfiguredEndpointUrls?: boolean;
  /** `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`; by default false. */
  readonly useFipsEndpoint?: boolean;
  /** `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint`; by default false. */
  readonly useDualstackEndpoint?: boolean;
  /** The profile of the shared configuration files. `AWS_PROFILE`; by default `default`. */
  readonly profile?: string;
  /** Credentials, or a provider of them; by default the credential chain. */
  readonly credentials?: AwsCredentials | CredentialsProvider;

  /** How often a request is sent at most, the first time included. `AWS_MAX_ATTEMPTS`; by default 3. */
  readonly maxAttempts?: number;
  /**
   * The budget that this client's retries share. Each takes 14 (5 after throttling); a success gives back what its own retry
   * took, or 1. With too little left, errors are returned at once. By default 500.
   */
  readonly retryTokens?: number;
  /**
   * How long a connection may take to open, in milliseconds; by default 3,000. Has no effect with `fetch`. For this and the
   * next two: a negative time has run out already, and `Infinity` is the longest that a timer waits, 24 days.
   */
  readonly connectTimeoutMs?: number;
  /** How long one attempt may take, in milliseconds; by default 30,000. */
  readonly attemptTimeoutMs?: number;
  /** How long a call may take with all its attempts, in milliseconds; by default without a limit of its own. */
  readonly callTimeoutMs?: number;
  /** Signs with the service's time where its `Date` differs by 4 minutes or more; by default true. */
  readonly correctClockSkew?: boolean;

  /**
   * An agent of `node:http` or `node:https`, for example for a proxy. STS is asked through it, too; sources of credentials on
   * this machine or its link (metadata, task and pod credentials) are not. The client does not close it. Node only.
   */
  readonly agent?: HttpAgent;
  /** A `fetch` to send with, on any runtime. */
  readonly fetch?: Fetch;
  /** Another transport; `defaultTransport()` can be wrapped. The client does not close it. */
  readonly transport?: Transport;
  /** Runs `…Callable` and `…Async` calls; by default at most `concurrency` at once. */
  readonly executor?: Executor;
  /** How many connections to one host may be open at once; by default 50. On Node, without an `agent`, `fetch` or `transport`. */
  readonly connectionsMax?: number;
  /** How many calls the default executor runs at once; by default 25. */
  readonly concurrency?: number;
  /** Gets a message about every call: `debug` for successes, `info` for what is sent again, `warn` for failures. */
  readonly logger?: Logger;
  /** Called after every attempt, before the call goes on. The logger gets what it throws. */
  readonly onAttempt?: OnAttempt;
  /**
   * The module `@opentelemetry/api`, for programs that bundle it. By default the client finds it where the program has set it
   * up; `false` turns tracing off.
   */
  readonly openTelemetry?: OpenTelemetry | false;
  /** Added to the user agent, such as `acme-metering/2.1`. */
  readonly userAgent?: string;
  /** Time and randomness, replaced in tests. */
  readonly world?: Partial<World>;
}

/** The constructor's arguments, sorted by what they are. */
interface ClientArguments {
  readonly configuration: ClientConfiguration;
  readonly endpointProvider: EndpointProvider | undefined;
}

type First = ClientConfiguration | AwsCredentials | CredentialsProvider | undefined;
type Other = ClientConfiguration | EndpointProvider | undefined;

/** Distinguishes the forms of the constructor by what each argument is, not by its position. */
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
