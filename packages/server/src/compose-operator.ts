/** The wiring of the operator API: makes what its routes need. */
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ruleSets } from "@countinghouse/protocol";
import type { EventPages } from "./audit/event-pages.ts";
import { dueChanges } from "./catalogue/apply.ts";
import type { ServeConfig } from "./config.ts";
import { Catalogue } from "./domain/catalogue/catalogue.ts";
import type { FaultPlan } from "./faults/fault-plan.ts";
import type { Keeping } from "./housekeeping.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { SourceAddresses } from "./listener/connections/source-address.ts";
import type { OpenedLedger } from "./open-ledger.ts";
import { ActivityFeed } from "./operator/activity/activity-feed.ts";
import { createOperatorApp, type OperatorApp } from "./operator/app.ts";
import type { OperatorContext, ServerNow } from "./operator/context.ts";
import type { OwnAddress } from "./operator/requests/replay.ts";
import type { RawRequests } from "./operator/requests/raw-requests.ts";
import { VerificationJobs } from "./operator/verification-jobs.ts";
import { VERSION } from "./version.ts";
import type { Workload } from "./workload/workload.ts";
import type { World } from "./world.ts";

interface OperatorParts extends OpenedLedger {
  readonly config: ServeConfig;
  readonly world: World;
  readonly operatorToken: string;
  readonly eventPages: EventPages;
  readonly faults: FaultPlan;
  readonly keeping: Keeping;
  readonly workload: Workload;
  readonly sources: SourceAddresses;
  readonly rawRequests: RawRequests;
  readonly newRequestId: () => string;
  /** The listening server; to be called once it listens. */
  readonly server: () => Server;
  readonly isDraining: () => boolean;
  readonly now: () => Omit<ServerNow, "unready">;
  readonly onError: (error: Error, requestId: string) => void;
}

interface OperatorService extends OperatorApp {
  readonly context: OperatorContext;
  readonly activity: ActivityFeed;
}

/** How often the activity looks for new entries while it has readers: in this server's own file, and over a network. */
const OWN_LOOK_MS = 50;
const SHARED_LOOK_MS = 250;

export function composeOperator(parts: OperatorParts): OperatorService {
  const { config, world, ledger, eventPages, sealer, clock, faults, keeping, workload, newRequestId, onError } = parts;
  const startedAtMs = world.wallMs();
  const activity = new ActivityFeed({
    ledger,
    lookMs: config.store.kind === "postgres" ? SHARED_LOOK_MS : OWN_LOOK_MS,
    every: world.every,
    schedule: world.schedule,
    onTrouble: (error) => onError(error, ""),
  });
  const context: OperatorContext = {
    ledger,
    eventPages,
    sealer,
    clock,
    ruleSet: ruleSets[config.rules],
    lab: config.lab,
    faults,
    random: world.random,
    newKeyPair: world.keyPair,
    newRequestId,
    wallMs: world.wallMs,
    keeping,
    activity,
    rawRequests: parts.rawRequests,
    ownAddress: () => ownAddressOf(parts.server(), config),
    verifications: new VerificationJobs({
      verify: (onRead) => keeping.verifyAudit(onRead),
      newId: world.uuid,
      wallMs: world.wallMs,
    }),
    server: {
      version: VERSION,
      ruleSet: config.rules,
      storeKind: config.store.kind,
      quotas: config.shared.quotas,
      retentionDays: config.retentionDays,
      startedAtMs,
      now: () => ({ ...parts.now(), unready: whyUnready(ledger, parts.isDraining()) }),
    },
    workload,
    initialCatalogue: () => dueChanges(parts.catalogueFile, new Catalogue(), clock.nowMs()),
  };
  const app = createOperatorApp({
    context,
    operatorToken: parts.operatorToken,
    viewerTokens: config.viewerTokens,
    version: VERSION,
    sourceAddressOf: (request: IncomingMessage) => parts.sources.of(request),
    onError,
  });
  return { ...app, context, activity };
}

function whyUnready({ defect, unavailable }: Ledger, isDraining: boolean): readonly string[] {
  return [defect?.message, unavailable, isDraining ? "shutting down" : undefined].filter((why) => why !== undefined);
}

/** The loopback address by which a server is reached that listens on every address. */
const ANY_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function ownAddressOf(server: Server, { tls }: ServeConfig): OwnAddress {
  const { address, port } = server.address() as AddressInfo;
  return { host: ANY_ADDRESS[address] ?? address, port, cert: tls?.cert };
}
