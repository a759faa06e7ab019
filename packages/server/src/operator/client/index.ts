/** `countinghouse/operator`: the typed client of the operator API. */
export { OperatorConnectionError, OperatorProblemError } from "./errors.ts";
export {
  operatorClient,
  type CsvAnswer,
  type FirstItems,
  type OperatorClient,
  type OperatorClientOptions,
} from "./operator-client.ts";
export type { FollowOptions } from "./follow.ts";
export type {
  CsvRouteName,
  EventOf,
  EventsRouteName,
  FollowArguments,
  ItemOf,
  ListRouteName,
  RequestArguments,
  RequestTo,
} from "./requests.ts";
export type { AccessKey, Account } from "../contract/catalogue/account.ts";
export type { Agreement } from "../contract/catalogue/agreement.ts";
export type { Issuer } from "../contract/catalogue/issuer.ts";
export type { Dimension, Price, Product } from "../contract/catalogue/product.ts";
export type { RegistrationKey } from "../contract/catalogue/registration-key.ts";
export type { Fault, NewFault } from "../contract/faults.ts";
export type { Clock } from "../contract/lab.ts";
export type { Advice, AdviceAnswer } from "../contract/ledger/advice.ts";
export type { ActivityGap, ActivityItem } from "../contract/ledger/activity.ts";
export type { AuditEvent, AuditVerification } from "../contract/ledger/audit.ts";
export type { Explanation, RecordExplanation, RefusalExplanation, Rule } from "../contract/ledger/explanation.ts";
export type { AgreementLifeEvent, ResourceUse } from "../contract/ledger/history.ts";
export type { MeteringRecord } from "../contract/ledger/metering.ts";
export type {
  RawRequest,
  Replay,
  RequestShown,
  RequestSummary,
  SignatureDiagnosis,
} from "../contract/ledger/requests.ts";
export type { AuditVerificationJob } from "../contract/ledger/verifications.ts";
export type { Problem } from "../contract/problem.ts";
export type { UsageReport, UsageReportRow } from "../contract/reports.ts";
export type { Resource } from "../contract/resources.ts";
export type { Found, Server } from "../contract/server.ts";
export type { InspectedRegistrationToken, PolicySimulation } from "../contract/simulations.ts";
export type { UsageMark } from "../contract/usage.ts";
export type { AnswerTo, EventFrom, RouteName } from "../contract/routes.ts";
