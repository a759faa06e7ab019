/** The client, name by name. */
export { boundedExecutor, type Executor } from "./call/executor.ts";
export type { CallOptions } from "./call/limits.ts";
export { MarketplaceMeteringClient, type OutcomeHandler } from "./client.ts";
export type { AttemptReport, LogEntry, Logger, OnAttempt } from "./call/reports.ts";
export type { OpenTelemetry } from "./call/tracing.ts";
export type { ClientConfiguration } from "./configuration.ts";
export type { AwsCredentials, CredentialsProvider, IdentityProperties } from "./credentials/credentials.ts";
export {
  defaultEndpointProvider,
  type Endpoint,
  type EndpointParameters,
  type EndpointProvider,
} from "./endpoint/endpoint-provider.ts";
export type { MeterableRecord } from "./batch/line.ts";
export type { MeterAllInput, MeterAllRun } from "./meter-all/meter-all.ts";
export type { MeterAllProgress } from "./meter-all/progress.ts";
export type { MeterAllOptions } from "./meter-all/options.ts";
export type {
  Accepted,
  Duplicate,
  Expired,
  MeterAllResult,
  NotSubscribed,
  Refused,
  Replay,
  Undecided,
} from "./batch/result.ts";
export type {
  AnsweredUsageRecord,
  BatchMeterUsageInput,
  BatchMeterUsageOutput,
  ByCustomerAccount,
  ByCustomerIdentifier,
  MeterUsageInput,
  MeterUsageOutput,
  RegisterUsageInput,
  RegisterUsageOutput,
  ResolveCustomerInput,
  ResolveCustomerOutput,
  UsageCustomer,
  UsageRecord,
  UsageRecordResult,
} from "./operations.ts";
export {
  MeteringError,
  isMeteringError,
  type Answered,
  type AnswerMetadata,
  type LocalErrorName,
  type MeteringErrorName,
  type Outcome,
} from "./outcome.ts";
export type { HttpAgent, TransportChoice } from "./platform/platform.ts";
export type { RsaJwk } from "./registration/public-key.ts";
export { verifyRegistration, type RegistrationClaims, type RegistrationExpectation } from "./registration/verify.ts";
export { defaultTransport } from "./runtime.ts";
export { epochMsOf, startOfHour, type Time } from "./time.ts";
export type { Fetch } from "./transport/fetch.ts";
export { TransportError, type Transport, type TransportAnswer, type TransportRequest } from "./transport/transport.ts";
export type { World } from "./world.ts";
export type { Tag, UsageAllocation } from "@countinghouse/protocol";
