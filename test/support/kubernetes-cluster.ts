/**
 * The part of a Kubernetes API server that an observer of pods talks to: lists in pages, watches as chunked lines of JSON,
 * bookmarks, versions that are gone, and streams that are cut wherever a test wants.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { newFolder } from "./scoped.ts";

export interface PodDocument {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
  readonly status?: object;
}

const TOKEN = "cluster-token";

type Change = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly pod: PodDocument; readonly version: number };

export class KubernetesCluster {
  readonly pods = new Map<string, PodDocument>();
  /** How often pods were listed, pages of one list counted once; and watched. */
  lists = 0;
  watches = 0;
  /** What the watches asked to begin from. */
  readonly watchedFrom: string[] = [];
  refusedTokens = 0;
  #version = 100;
  #oldestVersion = 100;
  readonly #changes: Change[] = [];
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #isDown = false;

  static async start(): Promise<KubernetesCluster> {
    const cluster = new KubernetesCluster();
    await new Promise<void>((resolve) => cluster.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      cluster.#server.closeAllConnections();
      cluster.#server.close();
    });
    return cluster;
  }

  /** A kubeconfig that leads here. */
  kubeconfig(): string {
    const file = join(newFolder(), "kubeconfig.yaml");
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "observer" } }],
      clusters: [{ name: "test", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "observer", user: { token: TOKEN } }],
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
    if (pod === undefined) throw new Error(`No pod ${uid}.`);
    this.pods.delete(uid);
    this.#change("DELETED", { ...pod, ...last });
  }

  /** A pod goes, and whoever watches is not told: it went while nobody did. */
  loseUnseen(uid: string): void {
    this.pods.delete(uid);
    this.#version += 1;
  }

  bookmark(): void {
    this.#version += 1;
    const object = { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(this.#version) } };
    this.#sendAll({ type: "BOOKMARK", object });
  }

  /** The next change goes out by half, and the connection breaks. */
  cutMidLine(pod: PodDocument): void {
    this.pods.set(pod.metadata.uid, pod);
    this.#version += 1;
    this.#changes.push({ type: "ADDED", pod, version: this.#version });
    const line = JSON.stringify({ type: "ADDED", object: this.#versioned(pod, this.#version) });
    for (const stream of this.#streams) stream.write(line.slice(0, line.length / 2), () => stream.destroy());
    this.#streams.clear();
  }

  /** Every version there was is too old from now on; streams are told so. */
  expire(): void {
    this.#version += 1;
    this.#oldestVersion = this.#version;
    const object = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    this.#sendAll({ type: "ERROR", object });
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  /** Whatever is asked is answered 503, and streams break. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    if (!isDown) return;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  get streams(): number {
    return this.#streams.size;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://cluster");
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      this.refusedTokens += 1;
      sendJson(response, 401, status(401, "Unauthorized"));
    } else if (this.#isDown) sendJson(response, 503, status(503, "ServiceUnavailable"));
    else if (url.pathname !== "/api/v1/pods") sendJson(response, 404, status(404, "NotFound"));
    else if (url.searchParams.get("watch") === "true") this.#watch(url.searchParams, response);
    else this.#list(url.searchParams, response);
  }

  /** Two pods a page, whatever is asked for. */
  #list(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get("continue") ?? 0);
    if (from === 0) this.lists += 1;
    const all = [...this.pods.values()];
    const items = all.slice(from, from + 2).map((pod) => this.#versioned(pod, this.#version));
    const next = from + 2 < all.length ? { continue: String(from + 2) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    sendJson(response, 200, { kind: "PodList", apiVersion: "v1", metadata, items });
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    this.watches += 1;
    const from = query.get("resourceVersion") ?? "";
    this.watchedFrom.push(from);
    if (Number(from) < this.#oldestVersion) {
      sendJson(response, 410, status(410, "Expired"));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#streams.add(response);
    response.once("close", () => this.#streams.delete(response));
    for (const change of this.#changes) if (change.version > Number(from)) this.#send(response, change);
  }

  #change(type: Change["type"], pod: PodDocument): void {
    this.#version += 1;
    const change = { type, pod, version: this.#version };
    this.#changes.push(change);
    for (const stream of this.#streams) this.#send(stream, change);
  }

  #send(stream: ServerResponse, { type, pod, version }: Change): void {
    stream.write(`${JSON.stringify({ type, object: this.#versioned(pod, version) })}\n`);
  }

  #sendAll(event: object): void {
    for (const stream of this.#streams) stream.write(`${JSON.stringify(event)}\n`);
  }

  #versioned(pod: PodDocument, version: number): object {
    return {
      kind: "Pod",
      apiVersion: "v1",
      ...pod,
      metadata: { namespace: "default", ...pod.metadata, resourceVersion: String(version) },
    };
  }
}

function status(code: number, reason: string): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", reason, code };
}

function sendJson(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
