import { describe, expect, test } from "vitest";
import { roleNameIn, signOf, type Pod } from "./pod.ts";

const START = "2026-03-14T12:00:00Z";
const at = (minutes: number): string => new Date(Date.parse(START) + minutes * 60_000).toISOString();
const ended = (minutes: number): object => ({ state: { terminated: { finishedAt: at(minutes) } } });
const RUNS = { state: { running: {} } };

function pod(status: object): Pod {
  return { metadata: { uid: "uid" }, status: { startTime: START, ...status } };
}

const endOf = (status: object, deleted = false): unknown => {
  const sign = signOf(pod(status), deleted);
  return sign?.ended === true ? (sign.endedAtMs ?? "when that was seen") : "runs";
};

describe("Rule H6: a pod", () => {
  const cases: readonly [string, object, boolean, string | number][] = [
    ["runs while it is running", { phase: "Running", containerStatuses: [RUNS] }, false, "runs"],
    [
      "runs while a container starts anew",
      { phase: "Running", containerStatuses: [{ state: { waiting: {} }, lastState: ended(1) }] },
      false,
      "runs",
    ],
    [
      "that succeeded ended with its last container",
      { phase: "Succeeded", containerStatuses: [ended(5), ended(9)] },
      false,
      Date.parse(at(9)),
    ],
    ["that failed did too", { phase: "Failed", containerStatuses: [ended(5)] }, false, Date.parse(at(5))],
    [
      "that was evicted ended with its last change",
      { phase: "Failed", conditions: [{ lastTransitionTime: at(3) }, {}] },
      false,
      Date.parse(at(3)),
    ],
    ["of which nothing is told ended when that was seen", { phase: "Failed" }, false, "when that was seen"],
    [
      "that is deleted ended with its containers",
      { phase: "Running", containerStatuses: [ended(5), ended(7)] },
      true,
      Date.parse(at(7)),
    ],
    [
      "that is deleted while it runs ended when that was seen",
      { phase: "Running", containerStatuses: [ended(5), RUNS] },
      true,
      "when that was seen",
    ],
  ];
  test.each(cases)("%s", (_what, status, deleted, end) => {
    expect(endOf(status, deleted)).toBe(end);
  });

  test("that no node has taken up has no life yet", () => {
    expect(signOf({ metadata: { uid: "uid" }, status: { phase: "Pending" } }, false)).toBeUndefined();
    expect(signOf(pod({ startTime: new Date(START) }), false)?.startedAtMs).toBe(Date.parse(START));
  });

  test("has the role that any of its containers has", () => {
    const env = [{ name: "AWS_ROLE_ARN", value: "arn:aws:iam::444455556666:role/apps/logs" }];
    const { roleArn } = signOf({ ...pod({}), spec: { containers: [{}, { env }] } }, false) ?? {};
    expect(roleNameIn(roleArn ?? "", "444455556666")).toBe("logs");
    expect(roleNameIn(roleArn ?? "", "999999999999"), "of another account").toBeUndefined();
  });
});
