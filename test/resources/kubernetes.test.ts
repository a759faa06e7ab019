/** A real server that observes pods by the real client, of an API server that breaks off in every way they do. */
import { expect, onTestFinished, test } from "vitest";
import { openCluster } from "../../packages/server/src/observers/kubernetes/cluster.ts";
import { KubernetesCluster, type PodDocument } from "../support/kubernetes-cluster.ts";
import { eventually } from "../support/resources.ts";
import { newFolder } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";
import { BUYER, at, nOf, observing, pod, pods, running, uidOf } from "./pods.ts";

const terminated = (finishedAt: string): object => ({
  name: "app",
  image: "app",
  imageID: "",
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode: 0, finishedAt } },
});

test("R6, Rules H6 and H7: pods that there are, that come, that end and that go are known, with their lives", async () => {
  const cluster = await KubernetesCluster.start();
  const startTime = at(0);
  for (const n of [1, 2, 3]) cluster.put(pod(n, { startTime }));
  cluster.put(pod(4, {}, null));
  cluster.put(pod(5, { startTime: undefined, phase: "Pending" }));
  const server = await observing(cluster);
  await eventually(() => running(server), [1, 2, 3]);
  const [first] = await pods(server);
  expect(first).toMatchObject({ accountId: BUYER, region: "eu-west-1", roleName: "app", startedAt: startTime });

  cluster.put(pod(5));
  await eventually(() => running(server), [1, 2, 3, 5]);

  // A container that starts anew does not end its pod; a job that is done does, at the latest end of its containers.
  cluster.put(
    pod(1, { startTime, containerStatuses: [{ ...terminated(at(5)), restartCount: 1, state: { waiting: {} } }] }),
  );
  const doneAt = at(20);
  cluster.put(pod(2, { phase: "Succeeded", containerStatuses: [terminated(doneAt), terminated(at(10))] }));
  await eventually(() => running(server), [1, 3, 5]);
  const ended = (await pods(server)).find((each) => nOf(each) === 2);
  expect(Date.parse(ended?.stoppedAt ?? "")).toBe(Math.floor(Date.parse(doneAt) / 1000) * 1000);

  cluster.delete(uidOf(3));
  await eventually(() => running(server), [1, 5]);
  expect(cluster.refusedTokens).toBe(0);
}, 60_000);

test("Rule H8: a pod that ended long ago is passed over, as often as it is listed, and leaves no entry", async () => {
  const cluster = await KubernetesCluster.start();
  const long = new Date(Date.now() - 36 * 24 * 3_600_000).toISOString();
  cluster.put(pod(1, { startTime: long, phase: "Succeeded", containerStatuses: [terminated(long)] }));
  cluster.put(pod(2));
  const server = await observing(cluster);
  await eventually(() => running(server), [2]);
  await eventually(() => Promise.resolve(cluster.streams), 1);
  cluster.expire();
  cluster.put(pod(3));
  await eventually(() => running(server), [2, 3]);
  expect((await pods(server)).map(nOf).toSorted((a, b) => a - b)).toEqual([2, 3]);
  const { body } = await server.operator("GET", "/audit-events?eventName=ObservePod&limit=50");
  expect(JSON.stringify(body)).not.toContain("errorCode");
}, 60_000);

/** Pods as clusters have been seen to show them, and some that are stranger. None is of those that matter. */
const STRANGE: readonly object[] = [
  {
    spec: { containers: [{ name: "app", image: "app", env: null }] },
    status: {
      phase: "Failed",
      startTime: at(0),
      containerStatuses: [
        { state: { terminated: { reason: "ContainerStatusUnknown", startedAt: null, finishedAt: null } } },
      ],
    },
  },
  { spec: null, status: null },
  { spec: { containers: null }, status: { phase: null, startTime: null, containerStatuses: null, conditions: null } },
  {
    status: { phase: "Failed", startTime: at(0), conditions: [{ type: "ContainersReady", lastTransitionTime: null }] },
  },
  { status: { phase: "Failed", startTime: at(0), containerStatuses: [null, { state: null }], conditions: [null] } },
  { spec: { containers: [null, { env: [null, { name: null, value: null }] }] }, status: { startTime: at(0) } },
];
const strange = (n: number, parts: object): PodDocument => ({ metadata: pod(n).metadata, ...parts });
const NO_UID = { metadata: { name: "nameless", namespace: "odd", uid: null as unknown as string } };

test("Rule H6: a pod with null anywhere keeps no other from being observed, neither in a list nor in a watch", async () => {
  const cluster = await KubernetesCluster.start();
  const putAll = (from: number): void => STRANGE.forEach((parts, i) => cluster.put(strange(from + i, parts)));
  putAll(100);
  cluster.pods.set("nothing", null);
  cluster.put(NO_UID);
  for (const n of [1, 2]) cluster.put(pod(n));
  const server = await observing(cluster);
  await eventually(() => running(server), [1, 2]);
  await eventually(() => Promise.resolve(cluster.streams), 1);
  expect(server.output()).toMatch(/"pod":"odd\/nameless".*is left out/);

  putAll(200);
  cluster.put(NO_UID);
  cluster.put(pod(3));
  await eventually(() => running(server), [1, 2, 3]);
  // Lost with its node: nobody saw its container end, and the end itself is told.
  const lost = {
    phase: "Failed",
    startTime: null,
    containerStatuses: [{ state: { terminated: { finishedAt: null } } }],
  };
  cluster.put(pod(1, lost));
  cluster.put(pod(2, { ...lost, startTime: at(0), containerStatuses: [terminated("0001-01-01T00:00:00Z")] }));
  await eventually(() => running(server), [3]);
  for (const each of await pods(server)) {
    if (nOf(each) !== 3) expect(Date.parse(each.stoppedAt ?? "")).toBeGreaterThan(Date.parse(each.startedAt) + 30_000);
  }
  expect(server.output()).not.toContain("Cannot read");
}, 60_000);

test("an error of ours in the middle of a watch ends it, and is told", async () => {
  const cluster = await KubernetesCluster.start();
  const setting = { kubeconfig: cluster.kubeconfig(), accountId: BUYER, region: "eu-west-1" };
  const opened = await openCluster({ ...setting, namespace: undefined, selector: undefined });
  const { version } = await opened.list(undefined);
  const watch = opened.watch(version, () => {
    throw new TypeError("a fault of ours");
  });
  await eventually(() => Promise.resolve(cluster.streams), 1);
  const told = expect(watch.ended).rejects.toThrow("a fault of ours");
  cluster.put(pod(1));
  await told;
  await eventually(() => Promise.resolve(cluster.streams), 0);
});

test("Rule H9: news of a pod that is known to run in another region is not believed, and the log says so", async () => {
  const cluster = await KubernetesCluster.start();
  const server = await observing(cluster);
  const elsewhere = { platform: "eks", externalId: uidOf(1), accountId: BUYER, region: "us-east-1", roleName: "app" };
  expect((await server.operator("POST", "/resources", elsewhere)).status).toBe(201);
  cluster.put(pod(1));
  await expect.poll(() => server.output(), { timeout: 20_000 }).toMatch(/"rule":"H9".*is not believed/);
}, 60_000);

test("Rule H7: a stream that breaks in the middle of a line is taken up where it was, and no pod is lost", async () => {
  const cluster = await KubernetesCluster.start();
  cluster.put(pod(1));
  const server = await observing(cluster);
  await eventually(() => running(server), [1]);
  await eventually(() => Promise.resolve(cluster.streams), 1);
  const lists = cluster.lists;
  cluster.cutMidLine(pod(2));
  await eventually(() => running(server), [1, 2]);
  cluster.bookmark();
  cluster.put(pod(3));
  await eventually(() => running(server), [1, 2, 3]);
  const last = cluster.watchedFrom.at(-1);
  cluster.cutMidLine(pod(4));
  await eventually(() => running(server), [1, 2, 3, 4]);
  expect(Number(cluster.watchedFrom.at(-1)), "from the change or bookmark that came last").toBeGreaterThan(
    Number(last),
  );
  expect(cluster.lists, "without listing anew").toBe(lists);
}, 60_000);

test("Rule H7: where the version is gone, all is listed again, and what went unseen has ended", async () => {
  const cluster = await KubernetesCluster.start();
  for (const n of [1, 2, 3]) cluster.put(pod(n));
  const server = await observing(cluster);
  await eventually(() => running(server), [1, 2, 3]);
  await eventually(() => Promise.resolve(cluster.streams), 1);
  cluster.loseUnseen(uidOf(2));
  cluster.expire();
  await eventually(() => running(server), [1, 3]);
  cluster.setDown(true);
  cluster.loseUnseen(uidOf(1));
  cluster.setDown(false);
  cluster.expire();
  cluster.put(pod(9));
  await eventually(() => running(server), [3, 9]);
}, 60_000);

test("Rule H7: a pod that went while no server ran has ended when it was last seen", async () => {
  const cluster = await KubernetesCluster.start();
  for (const n of [1, 2]) cluster.put(pod(n));
  const folder = `${newFolder()}/data`;
  const first = await observing(cluster, ["--store", `sqlite:${folder}`]);
  await eventually(() => running(first), [1, 2]);
  const heardAt = (await pods(first)).find((each) => nOf(each) === 1)?.heardAt;
  await first.kill();
  cluster.loseUnseen(uidOf(1));
  const second = await observing(cluster, ["--store", `sqlite:${folder}`]);
  await eventually(() => running(second), [2]);
  expect((await pods(second)).find((each) => nOf(each) === 1)?.stoppedAt).toBe(heardAt);
}, 60_000);

const serve = async (...args: string[]): Promise<{ code: number | null; stderr: string }> => {
  const { code, stderr } = await runCommand(["serve", "--port", "0", "--store", "memory:", ...args]);
  return { code, stderr };
};

test("what cannot be observed is said at once, and why", async () => {
  const cluster = await KubernetesCluster.start();
  const kubeconfig = cluster.kubeconfig();
  const where = ["--kubernetes-account", BUYER, "--kubernetes-region", "eu-west-1"];
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["--kubernetes", kubeconfig, ...where, "--clock", "manual"], /needs --clock system/],
    [["--kubernetes", kubeconfig, "--kubernetes-region", "eu-west-1"], /needs --kubernetes-account/],
    [["--kubernetes", kubeconfig, "--kubernetes-account", BUYER], /needs --kubernetes-region/],
    [where, /go with --kubernetes/],
    [["--kubernetes", "/nowhere/kubeconfig", ...where], /\/nowhere\/kubeconfig cannot be used/],
  ];
  for (const [args, complaint] of cases) {
    const { code, stderr } = await serve(...args);
    expect(stderr).toMatch(complaint);
    expect(code, stderr).toBe(2);
  }
}, 60_000);

test("where the client is not installed, the package is named", async () => {
  const cluster = await KubernetesCluster.start();
  const hook = `import { registerHooks } from "node:module";
    registerHooks({ resolve(specifier, context, next) {
      if (specifier !== "@kubernetes/client-node") return next(specifier, context);
      throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    } });`;
  const args = ["serve", "--port", "0", "--store", "memory:", "--kubernetes", cluster.kubeconfig()];
  const ran = await runCommand([...args, "--kubernetes-account", BUYER, "--kubernetes-region", "eu-west-1"], {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}`,
  });
  expect(ran.stderr).toContain("npm install @kubernetes/client-node");
  expect(ran.code).toBe(2);
});

test("a cluster that cannot be reached, or lets nobody in, holds nothing up, and is tried again", async () => {
  const cluster = await KubernetesCluster.start();
  cluster.setDown(true);
  cluster.put(pod(1));
  const server = await observing(cluster);
  onTestFinished(() => server.kill());
  expect((await server.operator("GET", "/clock")).status).toBe(200);
  await eventually(() => Promise.resolve(/cannot be observed; trying again/.test(server.output())), true);
  cluster.setDown(false);
  await eventually(() => running(server), [1]);
  expect(server.output()).not.toContain("cluster-token");
  expect(await server.stop()).toBe(0);
}, 60_000);
