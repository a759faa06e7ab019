/** Answers that are spelt otherwise than today's: a client reads them all the same. */
import type { ConformanceCase } from "../case.ts";
import { SAAS } from "../scene.ts";
import { USAGE_IS_SENT, batch, record, refused } from "./parts.ts";

const operations = ["BatchMeterUsage"] as const;
const needs = [USAGE_IS_SENT];

export const answerCases: readonly ConformanceCase[] = [
  {
    id: "answers/unknown-members",
    name: "members that the client does not know do not keep it from reading an answer",
    rule: "D2",
    operations,
    needs,
    troubles: [{ kind: "unknown-members" }],
    steps: [
      batch([record(5)], {
        answers: [
          {
            output: {
              Results: [{ Status: "Success", MeteringRecordId: { $text: true }, UsageRecord: { Quantity: 5 } }],
              UnprocessedRecords: [],
            },
          },
        ],
      }),
    ],
  },
  {
    id: "answers/namespace",
    name: "the name of an exception is what follows the # of its namespace",
    rule: "U1",
    operations,
    needs: [USAGE_IS_SENT, "error/BatchMeterUsage/InvalidUsageDimensionException"],
    troubles: [{ kind: "namespace", namespace: "com.amazonaws.marketplacemetering" }],
    steps: [
      {
        operation: "BatchMeterUsage",
        input: { ProductCode: SAAS, UsageRecords: [record(1, { Dimension: "no-such-dimension" })] },
        answers: [refused("InvalidUsageDimensionException")],
      },
    ],
  },
];
