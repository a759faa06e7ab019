/**
 * The part of a Kubernetes API server that an observer of pods uses: lists in pages, watches as chunked lines of JSON,
 * bookmarks, expired versions, and streams that a test can cut anywhere.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Certified } from "./certificates.ts";
import { newFolder } from "./scoped.ts";

export interface PodDocument {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    /** `default` where it is absent. */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
  readonly status?: object;
}

export const CLUSTER_TOKEN = "cluster-token";
const DEFAULT_NAMESPACE = "default";

/** Replaces the working parts about cluster and user in a kubeconfig. */
interface KubeconfigParts {
  readonly cluster?: object;
  readonly user?: object;
}

interface Asked {
  readonly path: string;
  readonly watch: boolean;
  readonly labelSelector: string | null;
}

type Change = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly pod: PodDocument; readonly version: number };

/** Which pods a request asks for. */
interface Choice {
  readonly namespace: string | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

export class KubernetesCluster {
  /** By uid; null for a pod that is listed as null. */
  readonly pods = new Map<string, PodDocument | null>();
  /** How often pods were listed (the pages of one list count once), and watched. */
  lists = 0;
  watches = 0;
  /** The versions from which watches were asked to begin. */
  readonly watchedFrom: string[] = [];
  refusedTokens = 0;
  /** The requests whose token was accepted. */
  readonly asked: Asked[] = [];
  #version = 100;
  #oldestVersion = 100;
  readonly #changes: Change[] = [];
  readonly #streams = new Map<ServerResponse, Choice>();
  readonly #server: Server;
  readonly #scheme: "http" | "https";
  #isDown = false;

  private constructor(tls: Certified | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => this.#answer(request, response);
    this.#server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    this.#scheme = tls === undefined ? "http" : "https";
  }

  /** Served over TLS where a certificate is given. */
  static async start(tls?: Certified): Promise<KubernetesCluster> {
    const cluster = new KubernetesCluster(tls);
    await new Promise<void>((resolve) => cluster.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      cluster.#server.closeAllConnections();
      cluster.#server.close();
    });
    return cluster;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A kubeconfig for this cluster. */
  kubeconfig({
    cluster = { "insecure-skip-tls-verify": true },
    user = { token: CLUSTER_TOKEN },
  }: KubeconfigParts = {}): string {
    const file = join(newFolder(), "kubeconfig.yaml");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "observer" } }],
      clusters: [{ name: "test", cluster: { server: `${this.#scheme}://127.0.0.1:${this.port}`, ...cluster } }],
      users: [{ name: "observer", user }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  put(pod: PodDocument): void {
    const type = this.pods.has(pod.metadata.uid) ? "MODIFIED" : "ADDED";
    this.pods.set(pod.metadata.uid, pod);
    this.#change(type, pod);
  }

  delete(uid: string, last: Partial<PodDocument> = {}): void {
    const pod = this.pods.get(uid);
    if (pod === undefined || pod === null) throw new Error(`No pod ${uid}.`);
    this.pods.delete(uid);
    this.#change("DELETED", { ...pod, ...last });
  }

  /** Removes a pod without telling watches, as if it had gone while nobody watched. */
  loseUnseen(uid: string): void {
    this.pods.delete(uid);
    this.#version += 1;
  }

  bookmark(): void {
    this.#version += 1;
    const object = { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(this.#version) } };
    this.#sendAll({ type: "BOOKMARK", object });
  }

  /** Sends half of the next change, and then breaks the connection. */
  cutMidLine(pod: PodDocument): void {
    this.pods.set(pod.metadata.uid, pod);
    this.#version += 1;
    this.#changes.push({ type: "ADDED", pod, version: this.#version });
    const line = JSON.stringify({ type: "ADDED", object: this.#versioned(pod, this.#version) });
    for (const stream of this.#streams.keys()) stream.write(line.slice(0, line.length / 2), () => stream.destroy());
    this.#streams.clear();
  }

  /** Makes every version so far too old; streams are told so. */
  expire(): void {
    this.#version += 1;
    this.#oldestVersion = this.#version;
    const object = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    this.#sendAll({ type: "ERROR", object });
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
  }

  /** Answers every request with 503, and breaks streams. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    if (!isDown) return;
    for (const stream of this.#streams.keys()) stream.destroy();
    this.#streams.clear();
  }

  get streams(): number {
    return this.#streams.size;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://cluster");
    if (request.headers.authorization !== `Bearer ${CLUSTER_TOKEN}`) {
      this.refusedTokens += 1;
      sendJson(response, 401, status(401, "Unauthorized"));
    } else if (this.#isDown) sendJson(response, 503, status(503, "ServiceUnavailable"));
    else this.#answerAdmitted(url, response);
  }

  #answerAdmitted({ pathname, searchParams }: URL, response: ServerResponse): void {
    const [isPods, namespace] = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?pods$/.exec(pathname) ?? [];
    if (isPods === undefined) {
      sendJson(response, 404, status(404, "NotFound"));
      return;
    }
    const labelSelector = searchParams.get("labelSelector");
    const watch = searchParams.get("watch") === "true";
    this.asked.push({ path: pathname, watch, labelSelector });
    const choice = { namespace, labels: labelsOf(labelSelector) };
    if (watch) this.#watch(searchParams, choice, response);
    else this.#list(searchParams, choice, response);
  }

  /** Two pods a page, whatever the client asks for. */
  #list(query: URLSearchParams, choice: Choice, response: ServerResponse): void {
    const from = Number(query.get("continue") ?? 0);
    if (from === 0) this.lists += 1;
    const all = [...this.pods.values()].filter((pod) => isChosen(pod, choice));
    const items = all.slice(from, from + 2).map((pod) => this.#versioned(pod, this.#version));
    const next = from + 2 < all.length ? { continue: String(from + 2) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    sendJson(response, 200, { kind: "PodList", apiVersion: "v1", metadata, items });
  }

  #watch(query: URLSearchParams, choice: Choice, response: ServerResponse): void {
    this.watches += 1;
    const from = query.get("resourceVersion") ?? "";
    this.watchedFrom.push(from);
    if (Number(from) < this.#oldestVersion) {
      sendJson(response, 410, status(410, "Expired"));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#streams.set(response, choice);
    response.once("close", () => this.#streams.delete(response));
    for (const change of this.#changes) if (change.version > Number(from)) this.#send(response, choice, change);
  }

  #change(type: Change["type"], pod: PodDocument): void {
    this.#version += 1;
    const change = { type, pod, version: this.#version };
    this.#changes.push(change);
    for (const [stream, choice] of this.#streams) this.#send(stream, choice, change);
  }

  #send(stream: ServerResponse, choice: Choice, { type, pod, version }: Change): void {
    if (isChosen(pod, choice)) stream.write(`${JSON.stringify({ type, object: this.#versioned(pod, version) })}\n`);
  }

  #sendAll(event: object): void {
    for (const stream of this.#streams.keys()) stream.write(`${JSON.stringify(event)}\n`);
  }

  #versioned(pod: PodDocument | null, version: number): object | null {
    if (pod === null) return null;
    return {
      kind: "Pod",
      apiVersion: "v1",
      ...pod,
      metadata: { namespace: DEFAULT_NAMESPACE, ...pod.metadata, resourceVersion: String(version) },
    };
  }
}

/** Reads selectors of the form `name=value,name=value` only. */
function labelsOf(selector: string | null): Choice["labels"] {
  const parts = selector === null ? [] : selector.split(",");
  return parts.map((part) => {
    const [name = "", value = ""] = part.split("=");
    return [name, value];
  });
}

function isChosen(pod: PodDocument | null, { namespace, labels }: Choice): boolean {
  if (pod === null) return true;
  const { metadata } = pod;
  const isThere = namespace === undefined || (metadata.namespace ?? DEFAULT_NAMESPACE) === namespace;
  return isThere && labels.every(([name, value]) => metadata.labels?.[name] === value);
}

function status(code: number, reason: string): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", reason, code };
}

function sendJson(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
