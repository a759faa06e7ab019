/** A cluster's pods through the official client: lists in pages, and watches. The client is loaded only when it is needed. */
import type * as KubernetesClient from "@kubernetes/client-node";
import { hash } from "node:crypto";
import { whyUnusable } from "./reasons.ts";

export interface KubernetesSetting {
  /** The path of a file, or `in-cluster` for the service account that this server runs as. */
  readonly kubeconfig: string;
  /** The buyer's account and the region in which the cluster runs. */
  readonly accountId: string;
  readonly region: string;
  /** Only pods of this namespace, and with these labels, are observed. */
  readonly namespace: string | undefined;
  readonly selector: string | undefined;
}

/** A cluster that cannot be watched. The message says what is missing. */
class ClusterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ClusterError";
  }
}

export interface Cluster {
  /** Names the pods that are observed: those of one cluster, namespace and selector. */
  readonly watchId: string;
  list(cursor: string | undefined): Promise<PodPage>;
  /** Follows changes after a version, until the stream ends or breaks. */
  watch(fromVersion: string, onChange: (change: PodChange) => void): PodWatch;
}

export interface PodPage {
  /** The pods as the cluster sent them, unchecked. */
  readonly pods: readonly unknown[];
  readonly version: string;
  readonly nextCursor?: string | undefined;
}

export interface PodChange {
  readonly kind: "seen" | "deleted" | "bookmark";
  readonly pod: unknown;
  readonly version: string;
}

interface PodWatch {
  /** `gone` where the version is too old to be followed from; rejects where the cluster cannot be reached. */
  readonly ended: Promise<"closed" | "gone">;
  stop(): void;
}

const PAGE_PODS = 500;
/** After this time the cluster ends a watch by itself. */
const WATCH_SECONDS = 300;
const GONE = 410;
const PACKAGE = "@kubernetes/client-node";

/** Throws ClusterError where the client is missing, or the file names no cluster. */
export async function openCluster(setting: KubernetesSetting): Promise<Cluster> {
  const client = await loadClient();
  const config = new client.KubeConfig();
  try {
    if (setting.kubeconfig === "in-cluster") config.loadFromCluster();
    else config.loadFromFile(setting.kubeconfig);
  } catch (error) {
    throw new ClusterError(`--kubernetes: ${setting.kubeconfig} cannot be used: ${whyUnusable(error as Error)}`);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new ClusterError(`--kubernetes: ${setting.kubeconfig} has no current cluster.`);
  if (!/^https?:/.test(server) || !URL.canParse(server)) {
    throw new ClusterError(
      setting.kubeconfig === "in-cluster"
        ? "--kubernetes: in-cluster needs KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, as every pod has them."
        : `--kubernetes: ${setting.kubeconfig} cannot be used: its cluster's server is no address.`,
    );
  }
  return clusterOf(client, config, server, setting);
}

async function loadClient(): Promise<typeof KubernetesClient> {
  try {
    return await import("@kubernetes/client-node");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new ClusterError(`--kubernetes needs the package ${PACKAGE}: npm install ${PACKAGE}`);
  }
}

function clusterOf(
  client: typeof KubernetesClient,
  config: KubernetesClient.KubeConfig,
  server: string,
  { namespace, selector }: KubernetesSetting,
): Cluster {
  const api = config.makeApiClient(client.CoreV1Api);
  const chosen = selector === undefined ? {} : { labelSelector: selector };
  const path = namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  return {
    watchId: hash("sha256", `${server}\n${namespace ?? ""}\n${selector ?? ""}`, "hex").slice(0, 16),
    list: async (cursor) => {
      const page = { ...chosen, limit: PAGE_PODS, ...(cursor === undefined ? {} : { _continue: cursor }) };
      const { items, metadata } = await (namespace === undefined
        ? api.listPodForAllNamespaces(page)
        : api.listNamespacedPod({ namespace, ...page }));
      // oxlint-disable-next-line eslint/no-underscore-dangle -- the client's own name
      const nextCursor = metadata?._continue;
      return {
        pods: itemsOf(items),
        version: metadata?.resourceVersion ?? "",
        nextCursor: nextCursor === "" ? undefined : nextCursor,
      };
    },
    watch: (fromVersion, onChange) => {
      const query = {
        ...chosen,
        resourceVersion: fromVersion,
        allowWatchBookmarks: true,
        timeoutSeconds: WATCH_SECONDS,
      };
      return startWatch(new client.Watch(config), path, query, onChange);
    },
  };
}

/** Go writes an empty list as null. */
function itemsOf(items: unknown): readonly unknown[] {
  return Array.isArray(items) ? items : [];
}

const KINDS: Readonly<Record<string, PodChange["kind"]>> = {
  ADDED: "seen",
  MODIFIED: "seen",
  DELETED: "deleted",
  BOOKMARK: "bookmark",
};

function startWatch(
  watch: KubernetesClient.Watch,
  path: string,
  query: Readonly<Record<string, string | number | boolean>>,
  onChange: (change: PodChange) => void,
): PodWatch {
  const ended = Promise.withResolvers<"closed" | "gone">();
  let stopped = false;
  const onEvent = (type: string, object: unknown): void => {
    if (stopped) return;
    const kind = KINDS[type];
    if (type === "ERROR") {
      // The stream reports its own trouble, and then ends.
      const { code, message } = (object ?? {}) as { code?: number | null; message?: string | null };
      if (code === GONE) ended.resolve("gone");
      else ended.reject(new Error(`The watch ended with ${code}: ${message ?? ""}`));
    } else if (kind !== undefined) {
      const { metadata } = (object ?? {}) as { readonly metadata?: { readonly resourceVersion?: unknown } | null };
      const version = metadata?.resourceVersion;
      onChange({ kind, pod: object, version: typeof version === "string" ? version : "" });
    }
  };
  // If this threw, the client would take the line for invalid JSON, and skip it.
  const onEventOrTrouble = (type: string, object: unknown): void => {
    try {
      onEvent(type, object);
    } catch (error) {
      ended.reject(error);
      stop();
    }
  };
  const onEnd = (error: unknown): void => {
    if (stopped || error === null || error === undefined || isQuiet(error)) ended.resolve("closed");
    else if ((error as { statusCode?: number }).statusCode === GONE) ended.resolve("gone");
    else ended.reject(error);
  };
  function stop(): void {
    stopped = true;
    ended.resolve("closed");
    started.then(
      (controller) => controller.abort(),
      () => undefined,
    );
  }
  const started = watch.watch(path, { ...query }, onEventOrTrouble, onEnd);
  started.catch((error: unknown) => ended.reject(error as Error));
  return { ended: ended.promise, stop };
}

/** The client aborts a watch on which nothing has come for a while. */
function isQuiet(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
