/** Reads EventBridge's "ECS Task State Change" as AWS sends it: what it says of a task. Rules H5 and H6. */
import { z } from "zod";
import { type EpochMs, readTime, timeOf, TIME_EXPECTED } from "@countinghouse/protocol";
import type { ObservationRefusal } from "../../domain/resources/observation-refusal.ts";
import type { Observation } from "../../domain/resources/observation.ts";
import { resourceId } from "../../ledger/ids.ts";

const DETAIL_TYPE = "ECS Task State Change";

const time = z
  .string(TIME_EXPECTED)
  .refine((text) => readTime(text) !== undefined, TIME_EXPECTED)
  .transform(timeOf);

const taskStateChange = z.looseObject({
  source: z.literal("aws.ecs"),
  account: z.string(),
  region: z.string(),
  time,
  detail: z.looseObject({
    taskArn: z.string(),
    version: z.int().min(1),
    createdAt: time,
    startedAt: time.optional(),
    executionStoppedAt: time.optional(),
    stoppedAt: time.optional(),
    updatedAt: time.optional(),
  }),
});

/** The id of the event's task; undefined where the event names none. */
export function taskIdIn({ detail }: Readonly<Record<string, unknown>>): string | undefined {
  const named = z.looseObject({ taskArn: z.string() }).safeParse(detail);
  return named.success ? resourceId("ecs", named.data.taskArn) : undefined;
}

/** What the event tells at this time; or why it is refused. */
export function taskObservation(
  event: Readonly<Record<string, unknown>>,
  nowMs: EpochMs,
): Observation | ObservationRefusal {
  const detailType = event["detail-type"];
  if (detailType !== DETAIL_TYPE) return invalid(`detail-type: must be ${DETAIL_TYPE}`);
  const read = taskStateChange.safeParse(event);
  if (!read.success) {
    const [issue] = read.error.issues;
    return invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`);
  }
  const { account, region, time: sentAtMs, detail } = read.data;
  const { taskArn, version, createdAt, startedAt, executionStoppedAt, stoppedAt, updatedAt } = detail;
  return {
    source: "ecs-events",
    resourceId: resourceId("ecs", taskArn),
    platform: "ecs",
    externalId: taskArn,
    accountId: account,
    region,
    // AWS's clock may be ahead of this server's.
    seenAtMs: Math.min(updatedAt ?? sentAtMs, nowMs),
    startedAtMs: startedAt ?? createdAt,
    stoppedAtMs: executionStoppedAt ?? stoppedAt,
    version,
  };
}

/** The event as a refusal keeps it: overrides may hold secrets, in the environment of containers. */
export function withoutOverrides(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { detail } = event;
  if (typeof detail !== "object" || detail === null) return event;
  const { overrides: _, ...kept } = detail as Readonly<Record<string, unknown>>;
  return { ...event, detail: kept };
}

function invalid(message: string): ObservationRefusal {
  return { reason: "invalid", rule: "H9", message, compared: {} };
}
