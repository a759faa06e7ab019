/** The wiring: makes a service from a configuration. It knows every room, and decides nothing. */
import type { IncomingMessage, Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { EventPages } from "./audit/event-pages.ts";
import { createBuyApp } from "./buy/app.ts";
import type { ServiceClock } from "./clock.ts";
import { composeOperator } from "./compose-operator.ts";
import type { ServeConfig } from "./config.ts";
import { consoleFolder, readConsoleFiles } from "./console/console-files.ts";
import { serveConsole } from "./console/serve-console.ts";
import { DiskSpace } from "./disk-space.ts";
import { outdatedValues } from "./domain/catalogue/value-problem.ts";
import { failureLog } from "./failure-log.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import { withFaults } from "./faults/with-faults.ts";
import { startKeeping, type Keeping } from "./housekeeping.ts";
import { Authenticator } from "./identity/authenticator.ts";
import { pageTokensOf } from "./identity/page-tokens.ts";
import { RegistrationSigner } from "./identity/registration-keys.ts";
import { openToken } from "./identity/registration-tokens.ts";
import { issueCredentials, type SessionCredentials, type SessionGrant } from "./identity/session-credentials.ts";
import { requestId } from "./ledger/ids.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Spare } from "./ledger/spare.ts";
import { closeServer } from "./listener/close-server.ts";
import { Connections } from "./listener/connections/connections.ts";
import { SourceAddresses } from "./listener/connections/source-address.ts";
import { createListener } from "./listener/listener.ts";
import type { WireRequest, WireResponse } from "./listener/message.ts";
import { createRouter, refuseRequest } from "./listener/router.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { openCluster, type Cluster } from "./observers/kubernetes/cluster.ts";
import { PodObserver } from "./observers/kubernetes/pod-observer.ts";
import { whyUnobserved } from "./observers/kubernetes/reasons.ts";
import { openLedger, type OpenEngine, type OpenedLedger } from "./open-ledger.ts";
import { RefusalBudget } from "./operations/refusal-budget.ts";
import type { OperatorContext } from "./operator/context.ts";
import { RawRequests } from "./operator/requests/raw-requests.ts";
import { VERSION } from "./version.ts";
import type { TokenVerifier } from "./web-identity/verify-token.ts";
import { BUSY, WITHHELD, refusalOf } from "./wire/protocols/refusal.ts";
import { RequestQuotas } from "./wire/request-quotas.ts";
import { isStsRequest } from "./wire/sts/form.ts";
import { StsHandler } from "./wire/sts/handler.ts";
import { wellKnown } from "./wire/well-known.ts";
import { WireHandler } from "./wire/wire-handler.ts";
import type { WireOperation } from "./wire/wire-operation.ts";
import { wireOperations } from "./wire/wire-operations.ts";
import { CONTAINER_CREDENTIALS_PATH } from "./workload/container-credentials.ts";
import { Workload } from "./workload/workload.ts";
import type { World } from "./world.ts";

/** How many outdated objects the start's warning names. */
const OUTDATED_NAMED_MAX = 20;

export interface Service {
  readonly server: Server;
  readonly ledger: Ledger;
  readonly clock: ServiceClock;
  readonly operatorToken: string;
  readonly workload: Workload;
  /** What the operator API works with, for a program that holds the service itself. */
  readonly operator: OperatorContext;
  /** Answers a request of the operator API without a connection: same token, same routes. */
  readonly askOperator: (request: Request) => Promise<Response>;
  /** Takes no more requests, finishes those that were taken in, and closes the store. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: ServeConfig;
  readonly world: World;
  /** Used in place of the embedded engine. */
  readonly openEngine?: OpenEngine;
  /** Stands between the listener and the wire: told of every request and its answer, which waits until it is done. */
  readonly aroundWire?: AroundWire;
  /** What is not kept where there is no room for it. By default refusals beyond a budget: RefusalBudget. */
  readonly spare?: Spare;
  readonly log: { error(details: object, message: string): void; warn(details: object, message: string): void };
}

export type AroundWire = (
  request: WireRequest,
  handle: (request: WireRequest) => Promise<WireResponse>,
) => Promise<WireResponse>;

/** What the parts of one service share. */
interface Parts extends ComposeOptions, OpenedLedger {
  readonly metrics: Metrics;
  readonly operatorToken: string;
  readonly operations: readonly WireOperation[];
  /** Shared by all readers, because pages are made one after the other. */
  readonly eventPages: EventPages;
  readonly faults: FaultPlan;
  readonly keeping: Keeping;
  readonly issueCredentials: (grant: SessionGrant) => SessionCredentials;
  readonly workload: Workload;
  readonly sources: SourceAddresses;
  readonly newRequestId: () => string;
  readonly rawRequests: RawRequests;
  /** Called for errors that are this server's fault. */
  readonly onError: (error: Error, requestId: string) => void;
}

export async function compose(options: ComposeOptions): Promise<Service> {
  const { config, world, log } = options;
  // Opened before the ledger: if this fails, there is nothing to close.
  const cluster = config.kubernetes === undefined ? undefined : await openCluster(config.kubernetes);
  const sources = new SourceAddresses(config.trustedProxies);
  const failures = failureLog(log, world);
  const metrics = createMetrics(world.monotonicMs, {
    queued: (): number => opened.ledger.queued,
    connections: (): number => connections.open,
    heldBytes: (): number => connections.held.bytes,
    stuckProducts: (): number => opened.ledger.partlyUnavailable.length,
    logBytes: (): number | undefined => opened.logBytes(),
    freeBytes: (): number | undefined => disk.freeBytes,
  });
  const connections = new Connections({
    sources,
    networkMax: config.networkConnectionsMax,
    patienceSeconds: config.requestTimeoutMs / 1_000,
    every: world.every,
    ...metrics.connectionEvents,
  });
  const disk = new DiskSpace(config, world);
  const budget = new RefusalBudget({
    wallMs: world.wallMs,
    isShort: () => disk.isShort,
    onSpared: (operation, code) => {
      metrics.onSpared(operation, code);
      keeping.unkept.count(operation, code);
    },
  });
  const onSumsTrouble = (error: Error): void => {
    metrics.onSumsTrouble();
    failures.note(error, "");
  };
  const observers = { ...metrics, spare: options.spare ?? budget, onSumsTrouble };
  const opened: OpenedLedger = await openLedger(config, world, observers, options.openEngine);
  for (const outdated of outdatedValues(opened.ledger.catalogue).slice(0, OUTDATED_NAMED_MAX)) {
    log.warn(outdated, "the catalogue holds what would not be taken today; it stays in force");
  }
  const operatorToken = config.operatorToken ?? world.random(24).toString("base64url");
  const faults = new FaultPlan({
    draw: () => world.random(4).readUInt32BE() / 2 ** 32,
    onHit: (operation, { kind }) => metrics.onFaultHit(operation, kind),
  });
  const keeping = await startKeeping(config, opened, world, {
    onError: (error) => log.error({ err: error }, "work that was due could not be done"),
    onSetOtherwise: (objects) => {
      metrics.onSetOtherwise(objects.length);
      if (objects.length > 0) log.error({ objects: objects.slice(0, OBJECTS_SHOWN) }, OTHER_CATALOGUE_FILE);
    },
  });
  const issue = (grant: SessionGrant): SessionCredentials => issueCredentials(opened.sealer, world.random, grant);
  const workload = new Workload({
    ledger: opened.ledger,
    sealer: opened.sealer,
    issueCredentials: issue,
    nowMs: () => opened.clock.nowMs(),
    wallMs: world.wallMs,
    onError: (error) => log.error({ err: error }, "an instance has no metadata service"),
    onTrouble: (error) => failures.note(error, ""),
  });
  await workload.resourcesChanged();
  const eventPages = new EventPages(opened.ledger, world.schedule);
  const parts: Parts = {
    ...options,
    ...opened,
    metrics,
    operatorToken,
    faults,
    operations: operationsOf(options, opened, faults, eventPages),
    eventPages,
    keeping,
    issueCredentials: issue,
    workload,
    sources,
    newRequestId: () => requestId(world.wallMs(), world.uuid()),
    rawRequests: new RawRequests(),
    onError: failures.note,
  };
  let draining = false;
  const podObserver = cluster === undefined ? undefined : startPodObserver(parts, cluster);
  const operator = composeOperator({
    ...parts,
    server: () => server,
    isDraining: () => draining,
    now: () => ({
      remarks: remarksOf(keeping, disk, opened.ledger),
      connections: connections.open,
      freeBytes: disk.freeBytes,
      logBytes: opened.logBytes(),
    }),
  });
  const busy = (request: IncomingMessage): WireResponse => refusalOf(request, BUSY, parts.newRequestId());
  const server: Server = createListener({
    tls: config.tls,
    requestTimeoutMs: config.requestTimeoutMs,
    connections,
    route: createRouter({
      operator: nodeListener(operator.fetch),
      description: operator.description,
      buy: config.lab ? buyListener(parts) : undefined,
      console: config.console
        ? serveConsole({ files: readConsoleFiles(consoleFolder()), ownHost: config.host })
        : undefined,
      container: {
        path: CONTAINER_CREDENTIALS_PATH,
        serve: (request, response) => workload.answerContainer(request, response),
      },
      published: (path) => wellKnown(path, opened.ledger.catalogue),
      registry: metrics.registry,
      ledger: opened.ledger,
      draining: () => draining,
      remarks: () => remarksOf(keeping, disk, opened.ledger),
      onError: (error) => log.error({ err: error }, "the metrics could not be read"),
    }),
    wire: measuredWire(parts),
    labNowMs: config.lab ? () => opened.clock.nowMs() : undefined,
    busy,
    withheld,
    refuse: (request, response) => refuseRequest(request, response, busy),
  });
  return {
    server,
    ledger: opened.ledger,
    clock: opened.clock,
    operatorToken,
    workload,
    operator: operator.context,
    askOperator: async (request) => operator.fetch(request),
    close: async () => {
      draining = true;
      await inTurn([
        () => podObserver?.stop(),
        // Otherwise readers of the activity would keep their connections for ever.
        () => Promise.resolve(operator.activity.close()),
        () => closeServer(server),
        () => workload.close(),
        () => keeping.stop(),
        () => opened.ledger.close(),
      ]);
      failures.stop();
      disk.stop();
    },
  };
}

/** The answer is not ThrottlingException: a caller takes that to mean that nothing was done. */
function withheld(request: IncomingMessage, { headers }: WireResponse): WireResponse {
  return refusalOf(request, WITHHELD, headers["x-amzn-RequestId"] ?? "");
}

const OBJECTS_SHOWN = 20;
const OTHER_CATALOGUE_FILE =
  "the catalogue file of another server has set these objects otherwise; whichever server starts last has its way";

/** Remarks for the operator, although requests are accepted. */
function remarksOf(keeping: Keeping, disk: DiskSpace, ledger: Ledger): readonly string[] {
  const objects = keeping.setOtherwise();
  const more = objects.length > OBJECTS_SHOWN ? ` and ${objects.length - OBJECTS_SHOWN} more` : "";
  const shown = objects.slice(0, OBJECTS_SHOWN).join(", ");
  const otherwise = objects.length === 0 ? undefined : `${OTHER_CATALOGUE_FILE}: ${shown}${more}`;
  return [...ledger.partlyUnavailable, disk.remark, otherwise].filter((remark) => remark !== undefined);
}

/** Does every step, even after one has failed, so that the store is always closed. Throws the first error at the end. */
async function inTurn(steps: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function startPodObserver(parts: Parts, cluster: Cluster): PodObserver | undefined {
  const { config, world, ledger, clock, newRequestId, log } = parts;
  if (config.kubernetes === undefined) return undefined;
  const { accountId, region } = config.kubernetes;
  return new PodObserver({
    cluster,
    accountId,
    region,
    ledger,
    nowMs: () => clock.nowMs(),
    sleep: world.sleep,
    draw: () => world.random(1).readUInt8() / 255,
    newCall: (operation) => ({
      requestId: newRequestId(),
      operation,
      principal: "operator",
      sourceAddress: "",
      userAgent: `countinghouse/${VERSION}`,
    }),
    onTrouble: (error) => {
      log.error({ why: whyUnobserved(error) }, "the cluster's pods cannot be observed; trying again");
    },
    onRefused: ({ rule, message }) => log.error({ rule, why: message }, "what was observed of a pod is not believed"),
    onUnreadable: (pod) => log.error({ pod }, "a pod has no uid that can be read, and is left out"),
  });
}

/** The operations of the wire; in a lab, faults on demand can hit them. */
function operationsOf(
  { config, world }: ComposeOptions,
  { ledger, sealer }: OpenedLedger,
  plan: FaultPlan,
  eventPages: EventPages,
): WireOperation[] {
  const signer = new RegistrationSigner(sealer, world.wallMs);
  const operations = wireOperations(
    ledger,
    (token) => openToken(sealer, token),
    pageTokensOf(sealer),
    eventPages,
    (key, claims) => signer.sign(key, claims),
  );
  if (!config.lab) return operations;
  return operations.map((operation) => withFaults(operation, { plan, ledger, sleep: world.sleep }));
}

type NodeListener = Parameters<typeof createRouter>[0]["operator"];

function nodeListener(fetch: Parameters<typeof getRequestListener>[0]): NodeListener {
  const listener = getRequestListener(fetch);
  return (request, response) => void listener(request, response);
}

function buyListener({ ledger, sealer, clock, config, world, sources, newRequestId, onError }: Parts): NodeListener {
  const context = { ledger, sealer, clock, random: world.random, newRequestId };
  const sourceAddressOf = sources.of.bind(sources);
  return nodeListener(createBuyApp({ context, ownHost: config.host, sourceAddressOf, onError }).fetch);
}

function measuredWire(parts: Parts): (request: WireRequest) => Promise<WireResponse> {
  const { config, ledger, sealer, world, metrics, operations, keeping, newRequestId, onError } = parts;
  const authenticator = new Authenticator({ catalogue: () => ledger.catalogue, sealer, wallMs: world.wallMs });
  const sts = stsHandler(parts, authenticator);
  const handler = new WireHandler({
    operations,
    authenticator,
    quotas: new RequestQuotas({ quotas: config.quotas, monotonicMs: world.monotonicMs }),
    unkept: keeping.unkept,
    ledger,
    newRequestId,
    wallMs: world.wallMs,
    onError,
  });
  const { aroundWire = (request, handle) => handle(request) } = parts;
  const measured = async (request: WireRequest): Promise<WireResponse> => {
    const startMs = world.monotonicMs();
    const receivedAtMs = world.wallMs();
    const response = await (isStsRequest(request) ? sts : handler).handle(request);
    const milliseconds = world.monotonicMs() - startMs;
    metrics.onRequest(response.operation ?? "none", response.code ?? "ok", milliseconds / 1000);
    if (config.lab) parts.rawRequests.take(request, response, { receivedAtMs, milliseconds });
    return response;
  };
  return (request) => aroundWire(request, measured);
}

function stsHandler(parts: Parts, authenticator: Authenticator): StsHandler {
  const { ledger, clock, world, log, keeping, newRequestId, onError } = parts;
  let verifier: Promise<TokenVerifier> | undefined;
  // Loaded by the first token: most servers see none.
  const loadVerifier = async (): Promise<TokenVerifier> => {
    const { TokenVerifier: Verifier } = await import("./web-identity/verify-token.ts");
    return new Verifier({
      catalogue: () => ledger.catalogue,
      wallMs: world.wallMs,
      monotonicMs: world.monotonicMs,
      onKeySourceError: (error) => log.error({ err: error }, "the keys of an issuer could not be read"),
    });
  };
  return new StsHandler({
    ledger,
    authenticator,
    verifyToken: async (token) => (await (verifier ??= loadVerifier())).verify(token),
    issueCredentials: parts.issueCredentials,
    unkept: keeping.unkept,
    newRequestId,
    nowMs: () => clock.nowMs(),
    wallMs: world.wallMs,
    onError,
  });
}
