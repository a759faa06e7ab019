/** How a server that observes pods gets into the cluster, what it asks for there, and what it tells when it cannot. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { certified, whyNoCertificates } from "../support/certificates.ts";
import { CLUSTER_TOKEN, KubernetesCluster, type PodDocument } from "../support/kubernetes-cluster.ts";
import { eventually } from "../support/resources.ts";
import { newFolder } from "../support/scoped.ts";
import { runCommand, type RunningServer } from "../support/server.ts";
import { WHERE, nOf, pod, pods, running, startObserving } from "./pods.ts";

/** Where the client looks for the service account of a server's own pod. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

const noCertificates = whyNoCertificates();
const noServiceAccount = noCertificates ?? whyNoServiceAccount();

function whyNoServiceAccount(): string | undefined {
  if (process.getuid?.() !== 0) return `it needs root, to make ${SERVICE_ACCOUNT}`;
  return existsSync(dirname(SERVICE_ACCOUNT)) ? `${dirname(SERVICE_ACCOUNT)} is there already` : undefined;
}

for (const [what, reason] of [
  ["TLS", noCertificates],
  ["in-cluster", noServiceAccount],
] as const) {
  if (reason !== undefined) process.stdout.write(`skipped: a Kubernetes cluster, ${what}: ${reason}\n`);
}

/** A server that can tell why it does not get in, still serves, and ends when it is told to. */
async function expectTold(server: RunningServer, why: RegExp): Promise<void> {
  // Of the reason alone: a line's time and process number may look like a status.
  const told = new RegExp(`"why":".*${why.source}.*cannot be observed; trying again`);
  await eventually(() => Promise.resolve(told.test(server.output()) ? "told" : server.output()), "told");
  expect((await server.operator("GET", "/clock")).status).toBe(200);
  expect(await pods(server)).toEqual([]);
  expect(await server.stop()).toBe(0);
}

describe.skipIf(noCertificates !== undefined)("over TLS", () => {
  test.each(["data", "file"])(
    "an authority that only the kubeconfig names, as %s, is trusted by lists and watches",
    async (form) => {
      const tls = certified();
      const cluster = await KubernetesCluster.start(tls);
      cluster.put(pod(1));
      const named = { "certificate-authority-data": tls.authority.toString("base64") };
      const kubeconfig = cluster.kubeconfig({
        cluster: form === "data" ? named : { "certificate-authority": "ca.pem" },
      });
      // A file's name is one beside the kubeconfig.
      if (form === "file") writeFileSync(join(dirname(kubeconfig), "ca.pem"), tls.authority);
      const server = await startObserving(kubeconfig);
      await eventually(() => running(server), [1]);
      cluster.put(pod(2));
      await eventually(() => running(server), [1, 2]);
      expect(cluster.refusedTokens).toBe(0);
      expect(await server.stop()).toBe(0);
    },
    60_000,
  );

  test.each([
    ["another authority", () => ({ "certificate-authority-data": certified().authority.toString("base64") })],
    ["none", () => ({})],
  ])(
    "where the kubeconfig names %s, the cluster is refused, is told nothing, and that is said",
    async (_what, clusterPart) => {
      const cluster = await KubernetesCluster.start(certified());
      cluster.put(pod(1));
      const server = await startObserving(cluster.kubeconfig({ cluster: clusterPart() }));
      await expectTold(server, /certificate/);
      expect(cluster.asked).toEqual([]);
      expect(cluster.refusedTokens, "no token is shown to a cluster that is not trusted").toBe(0);
      expect(server.output()).not.toContain(CLUSTER_TOKEN);
    },
    60_000,
  );
});

describe.skipIf(noServiceAccount !== undefined)("in-cluster", () => {
  test("the pod's own service account is used: its token, its authority, and the cluster's address", async () => {
    const tls = certified();
    const cluster = await KubernetesCluster.start(tls);
    cluster.put(pod(1));
    const made = mkdirSync(SERVICE_ACCOUNT, { recursive: true }) ?? SERVICE_ACCOUNT;
    onTestFinished(() => rmSync(made, { recursive: true }));
    writeFileSync(join(SERVICE_ACCOUNT, "ca.crt"), tls.authority);
    writeFileSync(join(SERVICE_ACCOUNT, "token"), CLUSTER_TOKEN);
    const server = await startObserving("in-cluster", undefined, {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(cluster.port),
    });
    await eventually(() => running(server), [1]);
    cluster.put(pod(2));
    await eventually(() => running(server), [1, 2]);
    expect(cluster.refusedTokens).toBe(0);
  }, 60_000);
});

describe("the kubeconfig's token", () => {
  test("is sent, and where it is refused that is said without it", async () => {
    const cluster = await KubernetesCluster.start();
    cluster.put(pod(1));
    const server = await startObserving(cluster.kubeconfig({ user: { token: "another-token" } }));
    await expectTold(server, /401/);
    expect(cluster.refusedTokens).toBeGreaterThan(0);
    expect(cluster.asked).toEqual([]);
    expect(server.output()).not.toContain("another-token");
  }, 60_000);

  test("that no header can carry is not told in the complaint", async () => {
    const cluster = await KubernetesCluster.start();
    const server = await startObserving(cluster.kubeconfig({ user: { token: 'private-begin"\nprivate-end' } }));
    await expectTold(server, /Bearer …/);
    expect(server.output()).not.toContain("private");
  }, 60_000);

  test("that a credential plugin gives in no form that it should is not told either", async () => {
    const cluster = await KubernetesCluster.start();
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "echo", args: ["private-token"] };
    const server = await startObserving(cluster.kubeconfig({ user: { exec } }));
    await expectTold(server, /credential plugin/);
    expect(server.output()).not.toContain("private");
  }, 60_000);
});

const placed = (n: number, namespace: string, labels: Readonly<Record<string, string>> = {}): PodDocument => {
  const document = pod(n);
  return { ...document, metadata: { ...document.metadata, namespace, labels } };
};

describe("--kubernetes-namespace and --kubernetes-selector", () => {
  const LOGS = { app: "logs", tier: "front" };
  const cases: readonly [flags: string[], path: string, labelSelector: string | null, chosen: number[]][] = [
    [[], "/api/v1/pods", null, [1, 2, 3, 11, 12, 13]],
    [["--kubernetes-namespace", "metering"], "/api/v1/namespaces/metering/pods", null, [1, 2, 11, 12]],
    [["--kubernetes-selector", "app=logs,tier=front"], "/api/v1/pods", "app=logs,tier=front", [1, 3, 11, 13]],
    [
      ["--kubernetes-namespace", "metering", "--kubernetes-selector", "app=logs"],
      "/api/v1/namespaces/metering/pods",
      "app=logs",
      [1, 11],
    ],
  ];
  test.each(cases)(
    "%j: lists and watches ask for %s (labels: %s), and other pods are no resources",
    async (flags, path, labelSelector, chosen) => {
      const cluster = await KubernetesCluster.start();
      // What there is, and what comes, ten further on; the last of either is always chosen.
      const putAll = (from: number): void => {
        cluster.put(placed(from + 2, "metering"));
        cluster.put(placed(from + 3, "elsewhere", LOGS));
        cluster.put(placed(from + 1, "metering", LOGS));
      };
      putAll(0);
      const server = await startObserving(cluster.kubeconfig(), ["--store", "memory:", ...flags]);
      await eventually(
        () => running(server),
        chosen.filter((n) => n < 10),
      );
      await eventually(() => Promise.resolve(cluster.streams), 1);
      putAll(10);
      await eventually(async () => (await running(server)).includes(11), true);
      const known = (await pods(server)).map(nOf);
      expect(known.toSorted((a, b) => a - b)).toEqual(chosen);
      for (const asked of cluster.asked) expect(asked).toMatchObject({ path, labelSelector });
      expect(new Set(cluster.asked.map(({ watch }) => watch))).toEqual(new Set([false, true]));
    },
    60_000,
  );

  test("text that means something in an address is sent as text", async () => {
    const cluster = await KubernetesCluster.start();
    const selector = "app in (logs, web),tier!=a&limit=1";
    const flags = ["--kubernetes-namespace", "a?b", "--kubernetes-selector", selector];
    const server = await startObserving(cluster.kubeconfig(), ["--store", "memory:", ...flags]);
    await eventually(() => Promise.resolve(cluster.streams), 1);
    for (const asked of cluster.asked) {
      expect(asked).toMatchObject({ path: "/api/v1/namespaces/a%3Fb/pods", labelSelector: selector });
    }
    expect(await server.stop()).toBe(0);
  }, 60_000);
});

describe("a kubeconfig that cannot be used", () => {
  const SECRET = "private-token";
  const cases: readonly [what: string, text: string, why: string][] = [
    ["with a line out of place", `users:\n- user:\n    token: ${SECRET}\n   name: x\n`, "not YAML at line 4, column 4"],
    ["whose quotes do not end", `users: "${SECRET}`, "not YAML at line 1, column 22"],
    ["whose token reads as an alias", `users:\n- token: *${SECRET}\n`, "not YAML at line 2, column 11"],
    ["whose token reads as a tag", `users:\n- token: !${SECRET} x\n`, "not YAML at line 2, column 10"],
    ["of two documents", `token: ${SECRET}\n---\ntoken: ${SECRET}\n`, "not one document of YAML"],
    ["that is empty", "", "not one document of YAML"],
    ["without a cluster", `users: [{ name: x, user: { token: ${SECRET} } }]`, "no current cluster"],
    ["with half a cluster", `clusters: [{ name: x }]\ntoken: ${SECRET}`, "clusters[0].cluster is missing"],
    [
      "whose cluster has no address",
      `current-context: x\ncontexts: [{ name: x, context: { cluster: x } }]\nclusters: [{ name: x, cluster: { server: localhost:6443/${SECRET} } }]`,
      "its cluster's server is no address",
    ],
  ];
  test.each(cases)("%s ends the start by one line, which says where and quotes nothing", async (_what, text, why) => {
    const kubeconfig = join(newFolder(), "kubeconfig.yaml");
    writeFileSync(kubeconfig, text);
    const ran = await runCommand(["serve", "--port", "0", "--store", "memory:", "--kubernetes", kubeconfig, ...WHERE]);
    expect(ran.stderr).toContain(why);
    expect(ran.stderr).toMatch(/^countinghouse: --kubernetes: .*\n$/);
    expect(ran.stderr).toContain(kubeconfig);
    expect(ran.stdout + ran.stderr).not.toContain(SECRET);
    expect(ran.code).toBe(2);
  });

  test("of a pod that there is none: what is missing is said", async () => {
    const env = { KUBERNETES_SERVICE_HOST: "", KUBERNETES_SERVICE_PORT: "" };
    const args = ["serve", "--port", "0", "--store", "memory:", "--kubernetes", "in-cluster", ...WHERE];
    const ran = await runCommand(args, env);
    expect(ran.stderr).toMatch(/^countinghouse: --kubernetes: in-cluster .*KUBERNETES_SERVICE_HOST.*\n$/);
    expect(ran.code).toBe(2);
  });
});
