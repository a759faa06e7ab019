import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { podNameOf, roleNameIn, signOf } from "./pod.ts";

const START = "2026-03-14T12:00:00Z";
const at = (minutes: number): string => new Date(Date.parse(START) + minutes * 60_000).toISOString();
const ended = (minutes: number): object => ({ state: { terminated: { finishedAt: at(minutes) } } });
const RUNS = { state: { running: {} } };

function pod(status: object): object {
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
    [
      "whose node was lost ended with its last change, where nobody saw its containers end",
      {
        phase: "Failed",
        containerStatuses: [
          { state: { terminated: { reason: "ContainerStatusUnknown", finishedAt: null } } },
          ended(2),
        ],
        conditions: [{ lastTransitionTime: null }, { lastTransitionTime: at(3) }],
      },
      false,
      Date.parse(at(3)),
    ],
    [
      "whose end was never set ended when that was seen",
      { phase: "Failed", containerStatuses: [{ state: { terminated: { finishedAt: "0001-01-01T00:00:00Z" } } }] },
      false,
      "when that was seen",
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
    const pending = { metadata: { uid: "uid" }, status: { phase: "Pending" } };
    expect(signOf(pending, false)).toMatchObject({ startedAtMs: undefined, ended: false });
    expect(signOf(pod({ startTime: null }), false)?.startedAtMs).toBeUndefined();
    expect(signOf(pod({ startTime: "0001-01-01T00:00:00Z" }), false)?.startedAtMs).toBeUndefined();
    expect(signOf(pod({ startTime: new Date(START) }), false)?.startedAtMs).toBe(Date.parse(START));
  });

  test("has the role that any of its containers has", () => {
    const env = [{ name: "AWS_ROLE_ARN", value: "arn:aws:iam::444455556666:role/apps/logs" }];
    const { roleArn } = signOf({ ...pod({}), spec: { containers: [{}, { env }] } }, false) ?? {};
    expect(roleNameIn(roleArn ?? "", "444455556666")).toBe("logs");
    expect(roleNameIn(roleArn ?? "", "999999999999"), "of another account").toBeUndefined();
  });
});

/** A pod with every part that is read. In the tests, any part may be missing, null, or of another kind. */
const WHOLE = {
  metadata: { uid: "uid", name: "name", namespace: "namespace" },
  spec: { containers: [{ env: [{ name: "AWS_ROLE_ARN", value: "arn:aws:iam::444455556666:role/logs" }] }] },
  status: {
    phase: "Failed",
    startTime: START,
    containerStatuses: [{ state: { terminated: { startedAt: at(1), finishedAt: at(5) } } }],
    conditions: [{ lastTransitionTime: at(6) }],
  },
};

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => pathsOf(part, [...path, name]))];
}

/** A copy with this part replaced; undefined leaves it out. */
function replaced(value: unknown, [name, ...rest]: readonly string[], part: unknown): unknown {
  if (name === undefined) return part;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([each, old]) => [each, each === name ? replaced(old, rest, part) : old]);
  const copy = Object.fromEntries(entries.filter(([, kept]) => kept !== undefined)) as object;
  return Array.isArray(value) ? Object.values(copy) : copy;
}

describe("whatever a pod holds,", () => {
  const paths = pathsOf(WHOLE);
  const parts = fc.oneof(fc.constant(null), fc.constant(undefined), fc.anything());
  const holes = fc.array(fc.tuple(fc.constantFrom(...paths), parts), { minLength: 1, maxLength: 4 });

  test("it can be read", () => {
    fc.assert(
      fc.property(holes, fc.boolean(), (changes, deleted) => {
        const changed = changes.reduce<unknown>((before, [path, part]) => replaced(before, path, part), WHOLE);
        const sign = signOf(changed, deleted);
        expect(typeof podNameOf(changed)).toBe("string");
        if (sign === undefined) return;
        expect(sign.uid).not.toBe("");
        for (const time of [sign.startedAtMs, sign.endedAtMs]) expect(time ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(paths.map((path) => path.join(".")))("null at %j counts as absent", (path) => {
    const places = path === "" ? [] : path.split(".");
    expect(signOf(replaced(WHOLE, places, null), true)).toEqual(signOf(replaced(WHOLE, places, undefined), true));
  });
});
