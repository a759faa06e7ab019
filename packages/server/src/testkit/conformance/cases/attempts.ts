/** What is sent again, how often, and with what. */
import type { ConformanceCase } from "../case.ts";
import { CONTAINER, USED_AT } from "../scene.ts";
import { TASK_METERS, USAGE_IS_SENT, batch, record, refused, results } from "./parts.ts";

const operations = ["BatchMeterUsage"] as const;
const operation = "BatchMeterUsage";
const needs = [USAGE_IS_SENT];
const ATTEMPTS_MAX = 20;
/** More than any client may try. */
const FOR_EVER = 1_000;
const again = { min: 2, max: ATTEMPTS_MAX };
const taken = results("Success");

export const attemptCases: readonly ConformanceCase[] = [
  {
    id: "attempts/throttled",
    name: "a call that was throttled is sent again",
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "throttle", operation, count: 1 }],
    steps: [batch([record(5)], { requests: again, answers: [taken] })],
    metered: [{ units: 5 }],
  },
  {
    id: "attempts/failed",
    name: "a call that the service failed to decide (500) is sent again",
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "internal-error", operation, count: 1 }],
    steps: [batch([record(5)], { requests: again, answers: [taken] })],
    metered: [{ units: 5 }],
  },
  {
    id: "attempts/gateway",
    name: "a call that a gateway answered (503, a page in HTML) is sent again",
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "gateway" }],
    steps: [batch([record(5)], { requests: again, answers: [taken] })],
    metered: [{ units: 5 }],
  },
  {
    id: "attempts/cut-off",
    name: "a call whose answer was cut off is sent again, gets the id that it had, and counts once",
    rule: "K2",
    operations,
    needs,
    troubles: [{ kind: "drop-answer", operation, count: 1 }],
    steps: [
      batch([record(5)], { requests: again, answers: [taken] }),
      batch([record(5)], {
        answers: [{ output: { Results: [{ MeteringRecordId: { $as: [0, "Results", 0, "MeteringRecordId"] } }] } }],
      }),
    ],
    metered: [{ units: 5 }],
  },
  {
    id: "attempts/same-batch",
    name: "BatchMeterUsage: each attempt of a call has the same body",
    rule: "K2",
    operations,
    needs: ["attempts/throttled"],
    troubles: [{ kind: "throttle", operation, count: 1 }],
    steps: [batch([record(5), record(6, { Dimension: "calls" })], { sameBody: true })],
  },
  {
    id: "attempts/same-token",
    name: "MeterUsage: each attempt of a call has the same body, client token included",
    rule: "M4",
    operations: ["MeterUsage"],
    needs: [TASK_METERS, "attempts/throttled"],
    troubles: [{ kind: "throttle", operation: "MeterUsage", count: 1 }],
    steps: [
      {
        operation: "MeterUsage",
        caller: "task",
        input: { ProductCode: CONTAINER, Timestamp: USED_AT, UsageDimension: "gb", UsageQuantity: 3 },
        requests: again,
        sameBody: true,
        answers: [{ output: { MeteringRecordId: { $text: true } } }],
      },
    ],
    metered: [{ units: 3 }],
  },
  {
    id: "attempts/throttled-for-ever",
    name: `a call that is throttled each time ends after at most ${ATTEMPTS_MAX} attempts, as ThrottlingException`,
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "throttle", operation, count: FOR_EVER }],
    steps: [batch([record(5)], { requests: { min: 1, max: ATTEMPTS_MAX }, answers: [refused("ThrottlingException")] })],
    metered: [],
  },
  {
    id: "attempts/failed-for-ever",
    name: `a call that fails each time ends after at most ${ATTEMPTS_MAX} attempts, as InternalServiceErrorException`,
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "internal-error", operation, count: FOR_EVER }],
    steps: [
      batch([record(5)], {
        requests: { min: 1, max: ATTEMPTS_MAX },
        answers: [refused("InternalServiceErrorException")],
      }),
    ],
    metered: [],
  },
  {
    id: "attempts/clock",
    name: "where this machine's clock is an hour behind, the call is signed anew with the service's time, or the refusal is told",
    rule: "N2",
    operations,
    needs,
    troubles: [{ kind: "clock", aheadSeconds: 3_600 }],
    steps: [batch([record(5)], { answers: [taken, refused("InvalidSignatureException")] })],
  },
];
