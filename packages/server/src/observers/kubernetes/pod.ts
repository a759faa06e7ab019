/**
 * What a pod, as Kubernetes shows it, says of its life and its role. Rule H6. No content makes reading fail: null counts as
 * absent, because Go writes it for what was never set, and so does a value of the wrong kind.
 */
import type { EpochMs } from "@countinghouse/protocol";

export interface PodSign {
  readonly uid: string;
  /** Undefined where no node runs the pod yet, or the start is not told any more. */
  readonly startedAtMs: EpochMs | undefined;
  readonly ended: boolean;
  /** Absent where the pod does not say it; then it ended when that was seen. */
  readonly endedAtMs?: EpochMs | undefined;
  /** The role that its containers assume by their service account. */
  readonly roleArn?: string | undefined;
}

/** Undefined for a pod without a uid, which cannot be told from other pods. */
export function signOf(pod: unknown, deleted: boolean): PodSign | undefined {
  const { metadata, spec, status } = membersOf(pod);
  const uid = textOf(membersOf(metadata)["uid"]);
  if (uid === undefined) return undefined;
  const { phase, startTime } = membersOf(status);
  const finished = phase === "Succeeded" || phase === "Failed";
  const ended = deleted || finished;
  return {
    uid,
    startedAtMs: timeOf(startTime),
    ended,
    endedAtMs: ended ? endOf(status, finished) : undefined,
    roleArn: roleArnOf(spec),
  };
}

/** The pod's name for people. It holds no secret. */
export function podNameOf(pod: unknown): string {
  const { namespace, name } = membersOf(membersOf(pod)["metadata"]);
  return `${textOf(namespace) ?? "?"}/${textOf(name) ?? "?"}`;
}

/** The latest end of its containers, when all of them have ended. */
function endOf(status: unknown, finished: boolean): EpochMs | undefined {
  const { containerStatuses, conditions } = membersOf(status);
  const ends = itemsOf(containerStatuses).map((container) => {
    const { terminated } = membersOf(membersOf(container)["state"]);
    return timeOf(membersOf(terminated)["finishedAt"]);
  });
  const known = ends.filter((end) => end !== undefined);
  if (known.length > 0 && known.length === ends.length) return Math.max(...known);
  if (!finished) return undefined;
  // A pod that was evicted, or whose node was lost, may list no containers, or some without an end.
  const changes = itemsOf(conditions).map((condition) => timeOf(membersOf(condition)["lastTransitionTime"]));
  const times = [...known, ...changes.filter((change) => change !== undefined)];
  return times.length === 0 ? undefined : Math.max(...times);
}

/** EKS puts the role into the environment of every container whose service account has one. */
function roleArnOf(spec: unknown): string | undefined {
  for (const container of itemsOf(membersOf(spec)["containers"])) {
    for (const variable of itemsOf(membersOf(container)["env"])) {
      const { name, value } = membersOf(variable);
      const roleArn = textOf(value);
      if (name === "AWS_ROLE_ARN" && roleArn !== undefined) return roleArn;
    }
  }
  return undefined;
}

/** The name of a role of this account; undefined for another account's role, and for what is no role. */
export function roleNameIn(roleArn: string, accountId: string): string | undefined {
  const [, ofAccount, roleName] = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  return ofAccount === accountId ? roleName : undefined;
}

/** Times are texts in watch events, and dates in lists that the client has read. Go writes the year 1 for an unset time. */
function timeOf(time: unknown): EpochMs | undefined {
  const atMs = time instanceof Date ? time.getTime() : typeof time === "string" ? Date.parse(time) : Number.NaN;
  return atMs > 0 ? atMs : undefined;
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null ? (value as Members) : {};
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
