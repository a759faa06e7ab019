/** Pods of a cluster, and servers that observe them. */
import type { KubernetesCluster, PodDocument } from "../support/kubernetes-cluster.ts";
import { add } from "../support/operator-api.ts";
import { resourcesOf, type ListedResource } from "../support/resources.ts";
import { start } from "../support/scoped.ts";
import type { RunningServer } from "../support/server.ts";

export const BUYER = "555566667777";
const ROLE = `arn:aws:iam::${BUYER}:role/app`;

/** What goes with `--kubernetes`. */
export const WHERE = ["--kubernetes-account", BUYER, "--kubernetes-region", "eu-west-1"];

export const uidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
export const nOf = ({ externalId }: ListedResource): number => Number(externalId.slice(-12));

/** Seconds since a time of a minute ago. */
export const at = (seconds: number): string =>
  new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000 + seconds * 1000).toISOString();

export function pod(n: number, status: object = {}, role: string | null = ROLE): PodDocument {
  const env = role === null ? [] : [{ name: "AWS_ROLE_ARN", value: role }];
  return {
    metadata: { name: `pod-${n}`, uid: uidOf(n) },
    spec: { containers: [{ name: "app", image: "app", env }] },
    status: { phase: "Running", startTime: at(0), ...status },
  };
}

/** A server that has the buyer's account, and observes the cluster that a kubeconfig (or `in-cluster`) leads to. */
export async function startObserving(
  kubeconfig: string,
  args: readonly string[] = ["--store", "memory:"],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const server = await start([...args, "--kubernetes", kubeconfig, ...WHERE], env);
  const accounts = await server.operator("GET", `/accounts/${BUYER}`);
  if (accounts.status === 404) await add(server, "/accounts", { id: BUYER, roles: [{ name: "app" }] });
  return server;
}

export const observing = (cluster: KubernetesCluster, args?: readonly string[]): Promise<RunningServer> =>
  startObserving(cluster.kubeconfig(), args);

export const pods = (server: RunningServer): Promise<readonly ListedResource[]> =>
  resourcesOf(server, { platform: "eks" });

export const running = async (server: RunningServer): Promise<number[]> =>
  (await pods(server))
    .filter(({ live }) => live)
    .map(nOf)
    .toSorted((a, b) => a - b);
