/** The wiring: from a configuration to a service that can be listened to. Knows every room; decides nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { ruleSets } from "@countinghouse/protocol";
import { dueChanges, readCatalogueFile } from "./catalogue/apply.ts";
import { startClock, type ServiceClock } from "./clock.ts";
import { ConfigError, type ServeConfig } from "./config.ts";
import { Catalogue } from "./domain/catalogue.ts";
import { createListener } from "./http/listener.ts";
import { createOperatorApp } from "./http/operator/app.ts";
import { createRouter } from "./http/router.ts";
import { errorResponse } from "./http/wire-error.ts";
import { WireHandler } from "./http/wire-handler.ts";
import { wireOperations } from "./http/wire-operations.ts";
import { openSecret } from "./identity/access-keys.ts";
import { Authenticator } from "./identity/authenticator.ts";
import { openToken } from "./identity/registration-tokens.ts";
import { SECRETS_KEY_BYTES, sealerOf, type Sealer } from "./identity/seal.ts";
import type { Engine, Loaded } from "./ledger/engine.ts";
import type { Call } from "./ledger/entry.ts";
import { requestId } from "./ledger/ids.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { SingleWriterLedger } from "./ledger/single-writer-ledger.ts";
import { createMetrics } from "./metrics.ts";
import { catalogueChanged } from "./operations/change-catalogue.ts";
import { moveClock } from "./operations/move-clock.ts";
import { secretsKey } from "./secrets-key.ts";
import { MemoryEngine } from "./stores/memory/memory-engine.ts";
import { openSqliteEngine } from "./stores/sqlite/sqlite-engine.ts";
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

/** Requests in one commit: more would make those that came first wait for those that came last. */
const GROUP_MAX = 256;
const DEMO_CATALOGUE = new URL("./catalogue/demo.yaml", import.meta.url);
/** How long the system clock may lag behind the newest entry at a start before that is an error: small corrections. */
const LAG_WAITED_MS = 5_000;

export async function compose({ config, world, log }: ComposeOptions): Promise<Service> {
  const engine: Engine = config.store.kind === "memory" ? new MemoryEngine() : openSqliteEngine(config.store.folder);
  try {
    const newRequestId = (): string => requestId(world.wallMs(), world.uuid());
    const loaded = engine.load();
    const sealer = sealerOf(keyFor(config, loaded, world), world.random);
    await waitForClock(config, loaded.newestAtMs, world);
    const clock = startClock(config.clock, loaded, world.wallMs);
    const metrics = createMetrics(world.monotonicMs, () => ledger.queued);
    const ledger: Ledger = new SingleWriterLedger(engine, loaded, {
      clock,
      ruleSet: ruleSets[config.rules],
      queuedMax: config.queuedMax,
      groupMax: GROUP_MAX,
      schedule: world.schedule,
      aroundCommit: metrics.aroundCommit,
      onCommitted: metrics.onCommitted,
    });
    checkSecretsKey(ledger, sealer);

    const serverCall = (operation: string): Call => ({
      requestId: newRequestId(),
      operation,
      principal: "operator",
      sourceAddress: "",
      userAgent: `countinghouse/${VERSION}`,
    });
    // A position that is not kept yet would be forgotten by the next start.
    if (clock.mode !== "system") await moveClock(ledger, serverCall("Start clock"), { byMs: 0 });
    const catalogueFile = readCatalogue(config, sealer);
    const due = dueChanges(catalogueFile, ledger.catalogue);
    if (due.length > 0) {
      await ledger.transact({
        call: serverCall("Apply catalogue"),
        keys: [],
        decide: () => ({ event: catalogueChanged(due), catalogue: due, answer: undefined }),
      });
    }

    const operatorToken = config.operatorToken ?? world.random(24).toString("base64url");
    const onError = (error: Error, id: string): void => log.error({ err: error, requestId: id }, "request failed");
    const operatorApp = createOperatorApp({
      context: {
        ledger,
        sealer,
        clock,
        lab: config.lab,
        random: world.random,
        newRequestId,
        initialCatalogue: () => dueChanges(catalogueFile, new Catalogue()),
      },
      operatorToken,
      version: VERSION,
      onError,
    });
    const wire = new WireHandler({
      operations: wireOperations(ledger, (token) => openToken(sealer, token)),
      authenticator: new Authenticator({ catalogue: () => ledger.catalogue, sealer, wallMs: world.wallMs }),
      ledger,
      newRequestId,
      onError,
    });
    let draining = false;
    const operatorListener = getRequestListener(operatorApp.fetch);
    const server = createListener({
      tls: config.tls,
      requestTimeoutMs: config.requestTimeoutMs,
      route: createRouter({
        operator: (request, response) => void operatorListener(request, response),
        registry: metrics.registry,
        ledger,
        draining: () => draining,
      }),
      wire: async (request) => {
        const startMs = world.monotonicMs();
        const response = await wire.handle(request);
        metrics.onRequest(response.operation ?? "none", response.code ?? "ok", (world.monotonicMs() - startMs) / 1000);
        return response;
      },
      busy: () => errorResponse("ThrottlingException", "Rate exceeded", newRequestId()),
    });
    return {
      server,
      ledger,
      clock,
      operatorToken,
      close: async () => {
        draining = true;
        await closeServer(server);
        await ledger.close();
      },
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}

function keyFor(config: ServeConfig, loaded: Loaded, world: World): Buffer {
  if (config.secretsKeyFile !== undefined) return secretsKey(config.secretsKeyFile, false, world.random);
  if (config.store.kind === "memory") return world.random(SECRETS_KEY_BYTES);
  // Where secrets have been sealed, a key that is missing is to be found again; a new one would open none of them.
  const sealed = loaded.catalogue.some(({ kind, value }) => kind === "access-key" && value !== undefined);
  return secretsKey(join(config.store.folder, "secrets.key"), !sealed, world.random);
}

/** A key that opens none of the secrets that are kept would lock every caller out, one by one. */
function checkSecretsKey(ledger: Ledger, sealer: Sealer): void {
  const [first] = ledger.catalogue.list("access-key");
  if (first !== undefined && openSecret(sealer, first) === undefined) {
    throw new ConfigError("The secrets key is not the one that this ledger's secrets were sealed with.");
  }
}

function readCatalogue(config: ServeConfig, sealer: Sealer): ReturnType<typeof readCatalogueFile> {
  if (config.catalogFile === undefined) {
    return readCatalogueFile(readFileSync(DEMO_CATALOGUE, "utf8"), "demo.yaml", sealer);
  }
  let text: string;
  try {
    text = readFileSync(config.catalogFile, "utf8");
  } catch (error) {
    throw new ConfigError(
      `--catalog: ${config.catalogFile} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  return readCatalogueFile(text, config.catalogFile, sealer);
}

async function waitForClock(config: ServeConfig, newestAtMs: number | undefined, world: World): Promise<void> {
  if (config.clock.mode !== "system" || newestAtMs === undefined) return;
  const lagMs = newestAtMs - world.wallMs();
  if (lagMs > 0 && lagMs <= LAG_WAITED_MS) await new Promise((resume) => setTimeout(resume, lagMs + 1));
}

/** Time for requests under way at a stop. Container managers kill ten seconds after they have asked. */
const DRAIN_MS = 5_000;
const IDLE_CHECK_MS = 50;

/** In-flight requests are answered; connections that wait for another request, or never finish one, are closed. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const closed = (): void => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    };
    server.close(closed);
    // Node closes the connections that are idle now; those that are busy now become idle once they are answered.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
      closed();
    }, DRAIN_MS);
  });
}
