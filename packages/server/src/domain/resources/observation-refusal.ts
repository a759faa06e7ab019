/** Which observations are accepted: what they must say of a resource, and how old they may be. Rules H8 and H9. */
import { iso, type EpochMs, type RuleId } from "@countinghouse/protocol";
import type { Account } from "../catalogue/account.ts";
import type { MeteredResource, Platform } from "./metered-resource.ts";
import { DAY_MS, FORGOTTEN_AFTER_DAYS, isPast, type Observation } from "./observation.ts";

export interface ObservationRefusal {
  readonly reason: "conflict" | "invalid" | "not-found";
  readonly rule?: RuleId | undefined;
  /** Begins with the wrong member, where a single member is wrong. */
  readonly message: string;
  readonly compared: Readonly<Record<string, string | number>>;
}

/** How far a platform's clock may be ahead of this server's, as for signatures (Rule W3). */
const AHEAD_SECONDS_MAX = 900;
const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d+$/;
const EXTERNAL_IDS: Readonly<Record<Platform, { readonly form: RegExp; readonly like: string }>> = {
  ec2: { form: /^i-([0-9a-f]{8}|[0-9a-f]{17})$/, like: "an instance id such as i-0123456789abcdef0" },
  ecs: {
    form: /^arn:aws(?:-[a-z]+)*:ecs:(?<region>[a-z0-9-]+):(?<accountId>\d{12}):task\/(?:[\w-]{1,255}\/)?[\w-]{1,64}$/,
    like: "a task ARN such as arn:aws:ecs:us-east-1:444455556666:task/cluster/0123456789abcdef0123456789abcdef",
  },
  eks: {
    // A pod that a node starts from a local file has a hash as its uid.
    form: /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/,
    like: "a pod uid such as 01234567-89ab-4cde-8f01-23456789abcd",
  },
};

/** Undefined where the observation is accepted. */
export function observationRefusal(
  observation: Observation,
  known: MeteredResource | undefined,
  account: Account | undefined,
  nowMs: EpochMs,
): ObservationRefusal | undefined {
  const complaint = identityComplaint(observation, account) ?? timeComplaint(observation, known, nowMs);
  if (complaint !== undefined) return { reason: "invalid", rule: "H9", compared: {}, ...complaint };
  if (known === undefined) return staleRefusal(observation, nowMs);
  const { accountId, region } = known;
  if (accountId === observation.accountId && region === observation.region) return undefined;
  return {
    reason: "conflict",
    rule: "H9",
    message: `${known.resourceId} runs in account ${accountId} and region ${region}.`,
    compared: { accountId: observation.accountId, region: observation.region },
  };
}

interface Complaint {
  readonly message: string;
  readonly compared?: Readonly<Record<string, string | number>>;
}

function identityComplaint(observation: Observation, account: Account | undefined): Complaint | undefined {
  const { platform, externalId, accountId, region, roleName } = observation;
  if (account === undefined) return { message: `accountId: no account ${accountId}` };
  if (!REGION.test(region)) return { message: "region: must be a region such as us-east-1" };
  const { form, like } = EXTERNAL_IDS[platform];
  const named = form.exec(externalId);
  if (named === null) return { message: `externalId: must be ${like}` };
  for (const [member, told] of Object.entries({ accountId, region })) {
    const inArn = named.groups?.[member];
    if (inArn !== undefined && inArn !== told) {
      return { message: `${member}: the task's ARN says ${inArn}`, compared: { [member]: told, inArn } };
    }
  }
  if (roleName !== undefined && account.roles.every(({ name }) => name !== roleName)) {
    return { message: `roleName: account ${accountId} has no role ${roleName}` };
  }
  return undefined;
}

function timeComplaint(
  { source, startedAtMs, stoppedAtMs }: Observation,
  known: MeteredResource | undefined,
  nowMs: EpochMs,
): Complaint | undefined {
  const latestMs = source === "operator" ? nowMs : nowMs + AHEAD_SECONDS_MAX * 1000;
  const start = startedAtMs ?? known?.startedAtMs;
  if (startedAtMs !== undefined && startedAtMs > latestMs) {
    return { message: "startedAt: lies in the future", compared: { startedAt: iso(startedAtMs), now: iso(nowMs) } };
  }
  if (stoppedAtMs !== undefined && stoppedAtMs > latestMs) {
    return { message: "stoppedAt: lies in the future", compared: { stoppedAt: iso(stoppedAtMs), now: iso(nowMs) } };
  }
  if (stoppedAtMs !== undefined && start !== undefined && stoppedAtMs < start) {
    return {
      message: "stoppedAt: lies before the start",
      compared: { startedAt: iso(start), stoppedAt: iso(stoppedAtMs) },
    };
  }
  return undefined;
}

/** Rule H8: the observation may be of a resource whose use is in the ledger, and which has been forgotten. */
function staleRefusal({ seenAtMs, stoppedAtMs }: Observation, nowMs: EpochMs): ObservationRefusal | undefined {
  if (!isPast(seenAtMs, nowMs) && !isPast(stoppedAtMs, nowMs)) return undefined;
  return {
    reason: "conflict",
    rule: "H8",
    message: `The news is more than ${FORGOTTEN_AFTER_DAYS} days old, and the resource is not known, or is forgotten.`,
    compared: {
      of: iso(Math.min(seenAtMs, stoppedAtMs ?? seenAtMs)),
      earliest: iso(nowMs - FORGOTTEN_AFTER_DAYS * DAY_MS),
    },
  };
}
