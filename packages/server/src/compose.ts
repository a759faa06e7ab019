/** The wiring: from a configuration to a service that can be listened to. Knows every room; decides nothing. */
import type { Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { dueChanges } from "./catalogue/apply.ts";
import type { ServiceClock } from "./clock.ts";
import { verifyAudit } from "./checkpoints/audit-verification.ts";
import { signingKeyOf, type SigningKey } from "./checkpoints/checkpoint.ts";
import { checkpointFile, checkpointsInMemory, type CheckpointFile } from "./checkpoints/checkpoint-file.ts";
import { Checkpointer } from "./checkpoints/checkpointer.ts";
import { ConfigError, type ServeConfig } from "./config.ts";
import { Catalogue } from "./domain/catalogue.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import { withFaults } from "./faults/with-faults.ts";
import { createBuyApp } from "./http/buy/app.ts";
import { closeServer } from "./http/close-server.ts";
import { createListener } from "./http/listener.ts";
import { createOperatorApp } from "./http/operator/app.ts";
import { RequestQuotas } from "./http/request-quotas.ts";
import { createRouter } from "./http/router.ts";
import { errorResponse } from "./http/wire-error.ts";
import { UnkeptCalls } from "./http/unkept-calls.ts";
import { WireHandler, type WireOperation } from "./http/wire-handler.ts";
import type { WireRequest, WireResponse } from "./http/wire-message.ts";
import { wireOperations } from "./http/wire-operations.ts";
import { Authenticator } from "./identity/authenticator.ts";
import { pageTokensOf } from "./identity/page-tokens.ts";
import { openToken } from "./identity/registration-tokens.ts";
import { requestId } from "./ledger/ids.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { openLedger, type OpenedLedger } from "./open-ledger.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

export interface Service {
  readonly server: Server;
  readonly ledger: Ledger;
  readonly clock: ServiceClock;
  readonly operatorToken: string;
  /** No more requests are taken in; what was taken in is finished; the store is closed. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: ServeConfig;
  readonly world: World;
  readonly log: { error(details: object, message: string): void };
}

/** What the parts of one service share. */
interface Parts extends ComposeOptions, OpenedLedger {
  readonly metrics: Metrics;
  readonly operatorToken: string;
  readonly operations: readonly WireOperation[];
  readonly faults: FaultPlan;
  /** Undefined for a ledger in PostgreSQL, of which there are none yet. */
  readonly checkpoints: Checkpoints | undefined;
  readonly unkept: UnkeptCalls;
  /** Does what has become due. What fails is logged, and is due again. */
  readonly dueWork: () => Promise<void>;
  readonly newRequestId: () => string;
  /** Told of errors that are ours. */
  readonly onError: (error: Error, requestId: string) => void;
}

export async function compose(options: ComposeOptions): Promise<Service> {
  const { config, world, log } = options;
  const metrics = createMetrics(world.monotonicMs, (): number => opened.ledger.queued);
  const opened: OpenedLedger = await openLedger(config, world, metrics);
  const operatorToken = config.operatorToken ?? world.random(24).toString("base64url");
  const faults = new FaultPlan({
    draw: () => world.random(4).readUInt32BE() / 2 ** 32,
    onHit: (operation, { kind }) => metrics.onFaultHit(operation, kind),
  });
  const checkpoints = await startCheckpoints(config, opened, world);
  const logged = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.error({ err: error }, "a checkpoint could not be written"));
  const newRequestId = (): string => requestId(world.wallMs(), world.uuid());
  const unkept = new UnkeptCalls({
    ledger: opened.ledger,
    wallMs: world.wallMs,
    newRequestId,
    userAgent: `countinghouse/${VERSION}`,
  });
  const parts: Parts = {
    ...options,
    ...opened,
    metrics,
    operatorToken,
    faults,
    operations: operationsOf(config, opened, faults, world),
    checkpoints,
    unkept,
    dueWork: () => logged(checkpoints?.checkpointer.due() ?? Promise.resolve()),
    newRequestId,
    onError: (error, id) => log.error({ err: error, requestId: id }, "request failed"),
  };
  let draining = false;
  const operator = operatorListener(parts);
  const server = createListener({
    tls: config.tls,
    requestTimeoutMs: config.requestTimeoutMs,
    route: createRouter({
      operator,
      buy: config.lab ? buyListener(parts) : undefined,
      registry: metrics.registry,
      ledger: opened.ledger,
      draining: () => draining,
    }),
    wire: measuredWire(parts),
    busy: () => errorResponse("ThrottlingException", "Rate exceeded", parts.newRequestId()),
  });
  const stopTimer = world.every(MINUTE_MS, () => void unkept.flush().then(() => parts.dueWork()));
  return {
    server,
    ledger: opened.ledger,
    clock: opened.clock,
    operatorToken,
    close: async () => {
      draining = true;
      stopTimer();
      await closeServer(server);
      await unkept.flush();
      await logged(checkpoints?.checkpointer.note() ?? Promise.resolve());
      await opened.ledger.close();
    },
  };
}

const MINUTE_MS = 60_000;

interface Checkpoints {
  readonly checkpointer: Checkpointer;
  readonly file: CheckpointFile;
  readonly key: SigningKey;
}

/** Notes the first one. Throws, with the store let go of, where the file cannot be written. */
async function startCheckpoints(
  config: ServeConfig,
  opened: OpenedLedger,
  world: World,
): Promise<Checkpoints | undefined> {
  const { ledger, clock, sealer } = opened;
  const { store } = config;
  if (store.kind === "postgres") return undefined;
  const path = config.checkpointFile ?? (store.kind === "sqlite" ? join(store.folder, "checkpoints.jsonl") : undefined);
  const file = path === undefined ? checkpointsInMemory() : checkpointFile(path);
  const key = signingKeyOf(sealer.derive("checkpoints"));
  try {
    const nowMs = (): number => clock.nowMs();
    const checkpointer = new Checkpointer({ ledger, file, key, nowMs, wallMs: world.wallMs });
    await checkpointer.note();
    return { checkpointer, file, key };
  } catch (error) {
    await ledger.close();
    throw new ConfigError(`The checkpoints cannot be written to ${file.path}: ${(error as Error).message}`);
  }
}

/** The operations of the wire; only in a lab is there anything that could make them fail on demand. */
function operationsOf(config: ServeConfig, opened: OpenedLedger, plan: FaultPlan, world: World): WireOperation[] {
  const { ledger, sealer } = opened;
  const operations = wireOperations(ledger, (token) => openToken(sealer, token), pageTokensOf(sealer));
  if (!config.lab) return operations;
  return operations.map((operation) => withFaults(operation, { plan, ledger, sleep: world.sleep }));
}

type NodeListener = Parameters<typeof createRouter>[0]["operator"];

function operatorListener(parts: Parts): NodeListener {
  const { config, world, catalogueFile, operatorToken, onError } = parts;
  const { ledger, sealer, clock, faults, checkpoints, dueWork, operations, newRequestId } = parts;
  const app = createOperatorApp({
    context: {
      ledger,
      sealer,
      clock,
      lab: config.lab,
      faults,
      wireOperations: operations.map(({ name }) => name),
      random: world.random,
      newRequestId,
      dueWork,
      beforeReset: () => checkpoints?.checkpointer.noteReset() ?? Promise.resolve(),
      verifyAudit: checkpoints && (() => verifyAudit(ledger, checkpoints.file, checkpoints.key)),
      initialCatalogue: () => dueChanges(catalogueFile, new Catalogue()),
    },
    operatorToken,
    version: VERSION,
    onError,
  });
  const listener = getRequestListener(app.fetch);
  return (request, response) => void listener(request, response);
}

function buyListener({ ledger, sealer, clock, config, world, newRequestId, onError }: Parts): NodeListener {
  const context = { ledger, sealer, clock, random: world.random, newRequestId };
  const listener = getRequestListener(createBuyApp({ context, ownHost: config.host, onError }).fetch);
  return (request, response) => void listener(request, response);
}

function measuredWire(parts: Parts): (request: WireRequest) => Promise<WireResponse> {
  const { config, ledger, sealer, world, metrics, operations, unkept, newRequestId, onError } = parts;
  const handler = new WireHandler({
    operations,
    authenticator: new Authenticator({ catalogue: () => ledger.catalogue, sealer, wallMs: world.wallMs }),
    quotas: new RequestQuotas({ quotas: config.quotas, monotonicMs: world.monotonicMs }),
    unkept,
    ledger,
    newRequestId,
    onError,
  });
  return async (request) => {
    const startMs = world.monotonicMs();
    const response = await handler.handle(request);
    metrics.onRequest(response.operation ?? "none", response.code ?? "ok", (world.monotonicMs() - startMs) / 1000);
    return response;
  };
}
