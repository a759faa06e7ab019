/**
 * Follows a cluster's pods for as long as the server runs: first a list, then a watch from the list's version on. A stream that
 * breaks is resumed where it broke. Where that is too long ago, or an hour has passed, all pods are listed again.
 *
 * A pod matters if it assumes a role by its service account, since no other pod can call RegisterUsage, or if it is known.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { hearOf, observe } from "../../control-plane/observe.ts";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { ObservationRefusal } from "../../domain/resources/observation-refusal.ts";
import { isPast, observed, type Observation } from "../../domain/resources/observation.ts";
import type { Call } from "../../ledger/entry.ts";
import { resourceId } from "../../ledger/ids.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { pagesOf } from "../../ledger/pages.ts";
import type { Cluster, PodChange, PodPage } from "./cluster.ts";
import { podNameOf, roleNameIn, signOf, type PodSign } from "./pod.ts";

interface PodObserverOptions {
  readonly cluster: Cluster;
  readonly accountId: string;
  readonly region: string;
  readonly ledger: Ledger;
  readonly nowMs: () => EpochMs;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to 1; spreads the retries of many observers. */
  readonly draw: () => number;
  readonly newCall: (operation: string) => Call;
  readonly onTrouble: (error: unknown) => void;
  /** Called for a refused observation; while that goes on, the end of the pod would be refused as well. */
  readonly onRefused: (refusal: ObservationRefusal) => void;
  /** Called with the name of a pod that is left out, because it has no uid. */
  readonly onUnreadable: (podName: string) => void;
}

const LISTED_EVERY_MS = 3_600_000;
/** How often a pod that is there is noted as heard of. */
const HEARD_EVERY_MS = 3_300_000;
const HEARD_AT_ONCE = 200;
const RESOURCES_AT_ONCE = 500;
/** How many changes may wait to be kept; with more, listing all pods again is better. */
const WAITING_MAX = 10_000;
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 60_000;
/** How long `stop` waits for work that is under way. */
const STOP_MS_MAX = 2_000;

export class PodObserver {
  readonly #options: PodObserverOptions;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #isStopped = false;
  #stopWatch: (() => void) | undefined;
  #pauseMs = PAUSE_MS_MIN;
  /** The time up to which everything that had happened was known. */
  #inStepAtMs: EpochMs | undefined;

  constructor(options: PodObserverOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#stopWatch?.();
    await Promise.race([this.#running, this.#options.sleep(STOP_MS_MAX)]);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const version = await this.#listAll();
        this.#pauseMs = PAUSE_MS_MIN;
        await this.#followFrom(version, this.#options.nowMs() + LISTED_EVERY_MS);
      } catch (error) {
        await this.#pauseAfter(error);
      }
    }
  }

  /** Takes in all pods; answers the cluster's version of this list. */
  async #listAll(): Promise<string> {
    const { cluster, ledger, accountId, nowMs } = this.#options;
    if (ledger.catalogue.account(accountId) === undefined) {
      throw new Error(`The catalogue has no account ${accountId}, whose pods are to be observed.`);
    }
    const listedAtMs = nowMs();
    const present = new Set<string>();
    let page: PodPage | undefined;
    do {
      page = await cluster.list(page?.nextCursor);
      const signs = page.pods.flatMap((pod) => this.#read(pod, false) ?? []);
      for (const { uid } of signs) present.add(resourceId("eks", uid));
      await this.#takeIn(signs, nowMs());
    } while (page.nextCursor !== undefined);
    await this.#missOthers(present, listedAtMs);
    this.#inStepAtMs = listedAtMs;
    return page.version;
  }

  /** Notes as missing the resources that this cluster watches, that run as far as is known, and that are not in the list. */
  async #missOthers(present: ReadonlySet<string>, listedAtMs: EpochMs): Promise<void> {
    const { ledger, cluster, accountId } = this.#options;
    const query = {
      platform: "eks",
      accountId,
      life: { live: true, atMs: listedAtMs },
      limit: RESOURCES_AT_ONCE,
    } as const;
    for await (const resources of pagesOf((cursor) => ledger.resources({ ...query, cursor }))) {
      for (const resource of resources) {
        const isOurs = resource.findings?.watch?.watchId === cluster.watchId && resource.stoppedAtMs === undefined;
        if (isOurs && !present.has(resource.resourceId)) await this.#miss(resource, listedAtMs);
      }
    }
  }

  /** Rule H7: the resource existed when the observer last knew every pod, and is missing now. */
  async #miss(resource: MeteredResource, missedAtMs: EpochMs): Promise<void> {
    const { ledger, newCall } = this.#options;
    const seenAtMs = Math.min(Math.max(resource.heardAtMs, this.#inStepAtMs ?? 0), missedAtMs - 1);
    const { externalId, resourceId: id } = resource;
    const observation = { ...this.#observationOf(externalId, id, seenAtMs), missedAtMs };
    await observe(ledger, newCall("ObservePod"), { resourceId: id, tell: () => observation });
  }

  /** Follows changes, over as many streams as it takes, until it is time to list again. */
  async #followFrom(listedVersion: string, untilMs: EpochMs): Promise<void> {
    let version = listedVersion;
    while (!this.#isStopped && this.#options.nowMs() < untilMs) {
      const before = version;
      const stream = this.#openStream(version);
      const end = await stream.ended.catch((error: unknown) => error as Error);
      // The changes before the stream's end are kept before it is decided how to go on.
      version = await stream.kept();
      if (end === "gone") return;
      if (version !== before) this.#pauseMs = PAUSE_MS_MIN;
      if (end instanceof Error) await this.#pauseAfter(end);
      else if (version === before) await this.#pause(PAUSE_MS_MIN);
    }
  }

  /** A stream whose changes are kept one after the other, in their order. */
  #openStream(fromVersion: string): { ended: Promise<"closed" | "gone">; kept: () => Promise<string> } {
    let version = fromVersion;
    let waiting = 0;
    let last = Promise.resolve();
    const watch = this.#options.cluster.watch(fromVersion, (change) => {
      const seenAtMs = this.#options.nowMs();
      const sign = change.kind === "bookmark" ? undefined : this.#read(change.pod, change.kind === "deleted");
      waiting += 1;
      if (waiting > WAITING_MAX) watch.stop();
      last = last.then(async () => {
        if (sign !== undefined) await this.#takeIn([sign], seenAtMs);
        version = versionAfter(version, change);
        this.#inStepAtMs = seenAtMs;
        waiting -= 1;
      });
      // `kept` reports the error. A change that fails keeps later ones from being taken in, so the watch ends.
      last.catch(() => watch.stop());
    });
    this.#stopWatch = () => watch.stop();
    return {
      ended: watch.ended,
      kept: async () => {
        await last;
        return version;
      },
    };
  }

  #read(pod: unknown, deleted: boolean): PodSign | undefined {
    const sign = signOf(pod, deleted);
    if (sign === undefined) this.#options.onUnreadable(podNameOf(pod));
    return sign;
  }

  /** Keeps what is new about pods that matter. */
  async #takeIn(signs: readonly PodSign[], seenAtMs: EpochMs): Promise<void> {
    const { ledger, newCall, onRefused } = this.#options;
    const unchanged: Observation[] = [];
    const ids = signs.map(({ uid }) => resourceId("eks", uid));
    const found = await ledger.findResources(ids);
    for (const [i, sign] of signs.entries()) {
      const known = found[i];
      // A pod that no node runs yet has no start.
      if (known === undefined && (sign.roleArn === undefined || sign.startedAtMs === undefined)) continue;
      const observation = this.#observationBy(sign, known, seenAtMs);
      // Rule H8: the pod was forgotten, or ended too long ago. Clusters keep such pods, and list them again and again.
      if (known === undefined && isPast(observation.stoppedAtMs, seenAtMs)) continue;
      if (known === undefined || isNews(known, observation)) {
        const { refusal } = await observe(ledger, newCall("ObservePod"), {
          resourceId: observation.resourceId,
          tell: () => observation,
        });
        if (refusal !== undefined) onRefused(refusal);
      } else if (!sign.ended && seenAtMs - known.heardAtMs >= HEARD_EVERY_MS) {
        unchanged.push(observation);
      }
    }
    for (let from = 0; from < unchanged.length; from += HEARD_AT_ONCE) {
      await hearOf(ledger, newCall("ObservePods"), unchanged.slice(from, from + HEARD_AT_ONCE));
    }
  }

  #observationBy(sign: PodSign, known: MeteredResource | undefined, seenAtMs: EpochMs): Observation {
    const { ledger, accountId } = this.#options;
    const { uid, startedAtMs, ended, endedAtMs, roleArn } = sign;
    const roleName = roleArn === undefined ? undefined : roleNameIn(roleArn, accountId);
    const isRole = ledger.catalogue.account(accountId)?.roles.some(({ name }) => name === roleName) === true;
    return {
      ...this.#observationOf(uid, resourceId("eks", uid), seenAtMs),
      startedAtMs,
      stoppedAtMs: ended ? (endedAtMs ?? known?.stoppedAtMs ?? seenAtMs) : undefined,
      roleName: isRole ? roleName : undefined,
    };
  }

  #observationOf(externalId: string, id: string, seenAtMs: EpochMs): Observation {
    const { accountId, region, cluster } = this.#options;
    const { watchId } = cluster;
    return { source: "kubernetes", platform: "eks", externalId, resourceId: id, accountId, region, seenAtMs, watchId };
  }

  async #pauseAfter(error: unknown): Promise<void> {
    if (this.#isStopped) return;
    this.#options.onTrouble(error);
    await this.#pause(this.#pauseMs * (1 + this.#options.draw()));
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([this.#options.sleep(ms), this.#stopped.promise]);
  }
}

function versionAfter(version: string, change: PodChange): string {
  return change.version === "" ? version : change.version;
}

/** Whether the observation says more than that the resource is still as it was. */
function isNews(known: MeteredResource, observation: Observation): boolean {
  const after = observed(known, observation);
  return (
    after.startedAtMs !== known.startedAtMs ||
    after.stoppedAtMs !== known.stoppedAtMs ||
    after.roleName !== known.roleName ||
    after.findings?.watch?.watchId !== known.findings?.watch?.watchId
  );
}
