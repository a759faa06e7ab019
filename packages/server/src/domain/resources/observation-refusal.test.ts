import { describe, expect, test } from "vitest";
import { IDENTITY, runningResource, sighting } from "../../../testing/sightings.ts";
import type { Account } from "../catalogue/account.ts";
import { observationRefusal, type ObservationRefusal } from "./observation-refusal.ts";
import { DAY_MS, type Observation } from "./observation.ts";

const NOW_MS = Date.UTC(2026, 2, 14, 12);
const iso = (atMs: number): string => new Date(atMs).toISOString();
const BUYER: Account = { id: IDENTITY.accountId, users: [], roles: [{ name: "web" }, { name: "app" }] };
const KNOWN = runningResource({ startedAtMs: NOW_MS - DAY_MS });

function refusalOf(over: Partial<Observation>, known = true, account: Account | undefined = BUYER): unknown {
  const refusal: ObservationRefusal | undefined = observationRefusal(
    sighting({ seenAtMs: NOW_MS, ...over }),
    known ? KNOWN : undefined,
    account,
    NOW_MS,
  );
  if (refusal === undefined) return undefined;
  const { reason, rule, message, compared } = refusal;
  return [reason, rule, message, compared];
}

describe("Rule H9: an observation is believed", () => {
  test.each([
    ["of a resource that is known", {}, true],
    ["of one that is not", {}, false],
    ["with a role that its account has", { roleName: "app" }, true],
    ["with a start and an end of this moment", { startedAtMs: NOW_MS, stoppedAtMs: NOW_MS, source: "operator" }, true],
    ["of a start by a clock that is 15 minutes ahead", { startedAtMs: NOW_MS + 900_000 }, true],
    ["of an end by a clock that is 15 minutes ahead", { stoppedAtMs: NOW_MS + 900_000 }, true],
    ["of an end at the start that is known", { stoppedAtMs: KNOWN.startedAtMs }, true],
    ["of a pod that its node runs from a file", { externalId: "0123456789abcdef0123456789abcdef" }, true],
    ["of an instance with a short id", { platform: "ec2", externalId: "i-01234567" }, true],
    ["of an instance with a long id", { platform: "ec2", externalId: "i-0123456789abcdef0" }, true],
    ["of a task", { platform: "ecs", externalId: `arn:aws:ecs:us-east-1:${BUYER.id}:task/cluster/0a` }, true],
    ["of a task without a cluster", { platform: "ecs", externalId: `arn:aws:ecs:us-east-1:${BUYER.id}:task/0a` }, true],
  ] as const)("%s", (_of, over, known) => {
    expect(refusalOf(over, known)).toBeUndefined();
  });
});

const POD = "externalId: must be a pod uid such as 01234567-89ab-4cde-8f01-23456789abcd";
const INSTANCE = "externalId: must be an instance id such as i-0123456789abcdef0";

describe("Rule H9: an observation is refused", () => {
  test.each<[string, Partial<Observation>, string, object]>([
    ["in a region that is none", { region: "us-east" }, "region: must be a region such as us-east-1", {}],
    ["of a pod with part of a uid", { externalId: IDENTITY.externalId.slice(1) }, POD, {}],
    ["of a pod with more than a uid", { externalId: `${IDENTITY.externalId}0` }, POD, {}],
    ["of an instance with nine digits", { platform: "ec2", externalId: "i-012345678" }, INSTANCE, {}],
    ["of an instance with more before its id", { platform: "ec2", externalId: "ami-01234567" }, INSTANCE, {}],
    [
      "of a task in another account",
      { platform: "ecs", externalId: "arn:aws:ecs:us-east-1:999900001111:task/0a" },
      "accountId: the task's ARN says 999900001111",
      { accountId: BUYER.id, inArn: "999900001111" },
    ],
    [
      "of a task in another region",
      { platform: "ecs", externalId: `arn:aws-cn:ecs:cn-north-1:${BUYER.id}:task/0a` },
      "region: the task's ARN says cn-north-1",
      { region: "us-east-1", inArn: "cn-north-1" },
    ],
    ["with a role that its account has not", { roleName: "db" }, `roleName: account ${BUYER.id} has no role db`, {}],
    [
      "of a start in the future",
      { startedAtMs: NOW_MS + 900_001 },
      "startedAt: lies in the future",
      { startedAt: iso(NOW_MS + 900_001), now: iso(NOW_MS) },
    ],
    [
      "of an end in the future",
      { stoppedAtMs: NOW_MS + 900_001 },
      "stoppedAt: lies in the future",
      { stoppedAt: iso(NOW_MS + 900_001), now: iso(NOW_MS) },
    ],
    [
      "of a start in the future by the operator, whose clock is ours",
      { startedAtMs: NOW_MS + 1, source: "operator" },
      "startedAt: lies in the future",
      { startedAt: iso(NOW_MS + 1), now: iso(NOW_MS) },
    ],
    [
      "of an end before its own start",
      { startedAtMs: NOW_MS - 1, stoppedAtMs: NOW_MS - 2 },
      "stoppedAt: lies before the start",
      { startedAt: iso(NOW_MS - 1), stoppedAt: iso(NOW_MS - 2) },
    ],
    [
      "of an end before the start that is known",
      { stoppedAtMs: KNOWN.startedAtMs - 1 },
      "stoppedAt: lies before the start",
      { startedAt: iso(KNOWN.startedAtMs), stoppedAt: iso(KNOWN.startedAtMs - 1) },
    ],
  ])("%s", (_of, over, message, compared) => {
    expect(refusalOf(over)).toEqual(["invalid", "H9", message, compared]);
  });

  test("on an account that is not there", () => {
    const refusal = observationRefusal(sighting({ seenAtMs: NOW_MS }), KNOWN, undefined, NOW_MS);
    expect(refusal).toMatchObject({ reason: "invalid", message: `accountId: no account ${BUYER.id}` });
  });

  test.each([
    ["another account", { accountId: "999900001111" }],
    ["another region", { region: "eu-west-1" }],
  ])("where it would move a resource to %s", (_where, over) => {
    expect(refusalOf(over)).toEqual([
      "conflict",
      "H9",
      `${KNOWN.resourceId} runs in account ${KNOWN.accountId} and region ${KNOWN.region}.`,
      { accountId: KNOWN.accountId, region: KNOWN.region, ...over },
    ]);
  });
});

describe("Rule H8: news of more than 35 days ago, of what is not known, are refused", () => {
  const pastMs = NOW_MS - 35 * DAY_MS;
  const refused = (ofMs: number): unknown => [
    "conflict",
    "H8",
    "The news is more than 35 days old, and the resource is not known, or is forgotten.",
    { of: iso(ofMs), earliest: iso(pastMs) },
  ];

  test("by when it was seen, or by when it ended: one of them is enough", () => {
    expect(refusalOf({ seenAtMs: pastMs }, false)).toEqual(refused(pastMs));
    expect(refusalOf({ stoppedAtMs: pastMs }, false)).toEqual(refused(pastMs));
    expect(refusalOf({ seenAtMs: pastMs, stoppedAtMs: NOW_MS }, false)).toEqual(refused(pastMs));
    expect(refusalOf({ seenAtMs: pastMs, stoppedAtMs: pastMs - 1 }, false)).toEqual(refused(pastMs - 1));
  });

  test("and a millisecond later they are believed, as are those of what is known", () => {
    expect(refusalOf({ seenAtMs: pastMs + 1, stoppedAtMs: pastMs + 1 }, false)).toBeUndefined();
    expect(refusalOf({ seenAtMs: pastMs })).toBeUndefined();
  });
});
