/** `countinghouse/testkit`: a market in a test's own process. */
export { startMarket } from "./start-market.ts";
export {
  UnexpectedCallsError,
  type IdentifiedCustomer,
  type Market,
  type MarketCustomer,
  type MarketOptions,
  type SdkConfig,
  type SnapshotKey,
  type WithIdentifier,
} from "./market.ts";
export type { Credentials, CustomerNames, CustomerOptions, MarketProduct, ProductOptions } from "./fixtures.ts";
export type { Advice } from "../operator/contract/ledger/advice.ts";
export type { ClockStep, MarketClock } from "./market-clock.ts";
export type { FaultOptions, MarketFaults } from "./market-faults.ts";
export type {
  ConformanceCase,
  ConformanceExpectation,
  ConformanceStep,
  ConformanceTrouble,
} from "./conformance/case.ts";
export { conformanceCases, type ConformanceOptions } from "./conformance/cases.ts";
export { programSubject, type ProgramOptions } from "./conformance/program-subject.ts";
export {
  describeConformance,
  runConformance,
  type ConformanceResult,
  type ConformanceRunOptions,
  type ConformanceRunner,
} from "./conformance/run-conformance.ts";
export type {
  ConformanceAnswer,
  ConformanceCall,
  ConformanceCredentials,
  ConformanceOperation,
  ConformanceSubject,
} from "./conformance/subject.ts";
