/** The client, name by name. */
export type { CallOptions } from "./call/caller.ts";
export { boundedExecutor, type Executor } from "./call/executor.ts";
export { MarketplaceMeteringClient, type OutcomeHandler } from "./client.ts";
export type { ClientConfiguration, Logger } from "./configuration.ts";
export type { AwsCredentials, CredentialsProvider } from "./credentials/credentials.ts";
export {
  defaultEndpointProvider,
  type Endpoint,
  type EndpointParameters,
  type EndpointProvider,
} from "./endpoint/endpoint-provider.ts";
export type {
  AnsweredUsageRecord,
  BatchMeterUsageInput,
  BatchMeterUsageOutput,
  MeterUsageInput,
  MeterUsageOutput,
  RegisterUsageInput,
  RegisterUsageOutput,
  ResolveCustomerInput,
  ResolveCustomerOutput,
  UsageRecord,
  UsageRecordResult,
} from "./operations.ts";
export {
  MeteringError,
  isMeteringError,
  type AnswerMetadata,
  type LocalErrorName,
  type MeteringErrorName,
  type Outcome,
} from "./outcome.ts";
export type { HttpAgent } from "./platform/platform.ts";
export { epochMsOf, startOfHour, type Time } from "./time.ts";
export type { Fetch } from "./transport/fetch.ts";
export { TransportError, type Transport, type TransportAnswer, type TransportRequest } from "./transport/transport.ts";
export type { World } from "./world.ts";
export type { Tag, UsageAllocation } from "@countinghouse/protocol";
