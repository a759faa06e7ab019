/** What a pod, as Kubernetes shows it, says of its life and of its role. Rule H6. */
import type { EpochMs } from "@countinghouse/protocol";

/** The members that matter here. Times are texts in watch events, and dates in lists that the client has read. */
export interface Pod {
  readonly metadata?: { readonly uid?: string };
  readonly spec?: { readonly containers?: readonly Container[] };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: Time;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly { readonly lastTransitionTime?: Time }[];
  };
}

type Time = string | Date;

interface Container {
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

interface ContainerStatus {
  readonly state?: { readonly terminated?: { readonly finishedAt?: Time } };
}

export interface PodSign {
  readonly uid: string;
  readonly startedAtMs: EpochMs;
  readonly ended: boolean;
  /** Where it can be told; else it ended when that was seen. */
  readonly endedAtMs?: EpochMs | undefined;
  /** Of the role that its containers assume by their service account. */
  readonly roleArn?: string | undefined;
}

/** Undefined of a pod that no node has taken up yet. */
export function signOf(pod: Pod, deleted: boolean): PodSign | undefined {
  const { metadata, status } = pod;
  const startedAtMs = timeOf(status?.startTime);
  if (metadata?.uid === undefined || startedAtMs === undefined) return undefined;
  const finished = status?.phase === "Succeeded" || status?.phase === "Failed";
  const ended = deleted || finished;
  return {
    uid: metadata.uid,
    startedAtMs,
    ended,
    endedAtMs: ended ? endOf(pod, finished) : undefined,
    roleArn: roleArnOf(pod),
  };
}

/** The latest end of a container, once all of them have ended. */
function endOf({ status }: Pod, finished: boolean): EpochMs | undefined {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => timeOf(state?.terminated?.finishedAt));
  const known = ends.filter((end) => end !== undefined);
  if (known.length > 0 && (finished || known.length === ends.length)) return Math.max(...known);
  if (!finished) return undefined;
  // A pod that was evicted may have no containers to tell of.
  const changes = (status?.conditions ?? []).map(({ lastTransitionTime }) => timeOf(lastTransitionTime));
  const changed = changes.filter((change) => change !== undefined);
  return changed.length === 0 ? undefined : Math.max(...changed);
}

/** As EKS puts it into the environment of every container of a service account with a role. */
function roleArnOf({ spec }: Pod): string | undefined {
  for (const { env = [] } of spec?.containers ?? []) {
    const role = env.find(({ name, value }) => name === "AWS_ROLE_ARN" && value !== undefined && value !== "");
    if (role !== undefined) return role.value;
  }
  return undefined;
}

/** The name of a role of this account; of another account's, or of what is no role, undefined. */
export function roleNameIn(roleArn: string, accountId: string): string | undefined {
  const [, ofAccount, roleName] = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  return ofAccount === accountId ? roleName : undefined;
}

function timeOf(time: Time | undefined): EpochMs | undefined {
  if (time === undefined) return undefined;
  const atMs = typeof time === "string" ? Date.parse(time) : time.getTime();
  return Number.isNaN(atMs) ? undefined : atMs;
}
