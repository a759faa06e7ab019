/**
 * A server with metered resources, and programs that run on them: processes of their own, with an official SDK, that get
 * nothing but environment variables.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { compose, type Service } from "../../packages/server/src/compose.ts";
import { configOf } from "../../packages/server/src/config.ts";
import type { MeteredResource } from "../../packages/server/src/domain/resources/metered-resource.ts";
import { requestId, resourceId } from "../../packages/server/src/ledger/ids.ts";
import { realWorld, type World } from "../../packages/server/src/world.ts";
import { ISSUER, SUBJECT } from "./issuer.ts";
import { newFolder } from "./scoped.ts";
import { operatorCaller, type Served } from "./server.ts";

export const BUYER = "444455556666";
export const ROLE = "app-role";

/** A buyer with a role that trusts a service account of one issuer, and an agreement for an AMI product. */
export function catalogueOf(issuer: object, role: object = {}): object {
  return {
    accounts: [
      {
        id: "111122223333",
        users: [{ name: "seller", accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" }],
      },
      {
        id: BUYER,
        roles: [
          {
            name: ROLE,
            webIdentity: [{ issuer: ISSUER, audience: "sts.amazonaws.com", subject: SUBJECT }],
            ...role,
          },
          { name: "untrusting" },
        ],
      },
      { id: "777788889999", roles: [{ name: ROLE }] },
    ],
    issuers: [{ issuer: ISSUER, ...issuer }],
    products: [
      { productCode: "ami-product", title: "Image", seller: "111122223333", type: "ami", pricing: "usage" },
      { productCode: "saas-product", title: "Service", seller: "111122223333", type: "saas", pricing: "usage" },
    ],
    agreements: [
      { agreementId: "1", productCode: "ami-product", customerAccountId: BUYER, startsAt: "2020-01-01T00:00:00Z" },
      { agreementId: "2", productCode: "saas-product", customerAccountId: BUYER, startsAt: "2020-01-01T00:00:00Z" },
    ],
  };
}

/** Writes a catalogue file; answers its path. JSON is also YAML. */
export function catalogueFile(folder: string, catalogue: object): string {
  const file = join(folder, "shop.yaml");
  writeFileSync(file, JSON.stringify(catalogue));
  return file;
}

type ResourceDraft = Pick<MeteredResource, "platform" | "externalId"> & Partial<MeteredResource>;
type Environment = Readonly<Record<string, string>>;

export interface WorkloadServer extends Pick<Served, "endpoint" | "operator"> {
  readonly service: Service;
  /** Adds or changes a resource; answers the environment of the programs on it. */
  put(draft: ResourceDraft): Promise<Environment>;
}

/** Runs in this process. Closed at the end of the test. */
export async function startWorkload(
  options: {
    readonly role?: object;
    readonly world?: Partial<World>;
    readonly keySet?: string;
    readonly store?: string;
    readonly freeSpaceMinMib?: string;
  } = {},
): Promise<WorkloadServer> {
  const folder = newFolder();
  writeFileSync(join(folder, "jwks.json"), options.keySet ?? '{"keys":[]}');
  const catalog = catalogueFile(folder, catalogueOf({ jwksFile: "jwks.json" }, options.role));
  const flags = {
    host: "127.0.0.1",
    port: "0",
    store: options.store ?? "memory:",
    catalog,
    rules: "current",
    clock: "system",
  };
  const config = configOf({
    ...flags,
    quotas: "off",
    freeSpaceMinMib: options.freeSpaceMinMib ?? "0",
    requestTimeoutSeconds: "30",
    queuedRequestsMax: "100",
  });
  const log = { error: () => undefined, warn: () => undefined };
  const service = await compose({ config, world: { ...realWorld, ...options.world }, log });
  service.server.listen(0, "127.0.0.1");
  await once(service.server, "listening");
  onTestFinished(() => service.close());
  const endpoint = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
  const { operatorToken } = service;
  return {
    endpoint,
    service,
    operator: operatorCaller({ operatorUrl: `${endpoint}/operator/v1`, operatorToken }),
    put: async (draft) => {
      const resource = resourceOf(draft);
      await putResource(service, resource);
      return service.workload.environmentOf(resource, endpoint);
    },
  };
}

export function resourceOf(draft: ResourceDraft): MeteredResource {
  const nowMs = Date.now();
  return {
    resourceId: resourceId(draft.platform, draft.externalId),
    accountId: BUYER,
    region: "eu-central-1",
    roleName: ROLE,
    startedAtMs: nowMs - 60_000,
    heardAtMs: nowMs,
    registrations: [],
    ...draft,
  };
}

async function putResource({ ledger, workload }: Service, resource: MeteredResource): Promise<void> {
  const call = {
    requestId: requestId(Date.now(), crypto.randomUUID()),
    operation: "CreateResource",
    principal: "operator",
    sourceAddress: "",
    userAgent: "test",
  };
  await ledger.transact({
    call,
    keys: [],
    resources: [resource.resourceId],
    decide: () => ({
      event: { kind: "resource-observed", source: "operator", resource: { ...resource }, changed: true },
      resources: [{ resourceId: resource.resourceId, value: resource }],
      answer: undefined,
    }),
  });
  await workload.resourceChanged(resource);
}

/** Uses the SDK's default chain. Its request is refused for its token, not for its sender, if the credentials are good. */
const PROGRAM = `
const { MarketplaceMeteringClient, ResolveCustomerCommand } = await import("@aws-sdk/client-marketplace-metering");
const client = new MarketplaceMeteringClient({ maxAttempts: 1 });
try {
  await client.send(new ResolveCustomerCommand({ RegistrationToken: "no token" }));
} catch (error) {
  console.log(error.name + ": " + error.message);
}`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program with exactly this environment; answers what it prints. */
export async function runProgram(environment: Environment, code = PROGRAM): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: ROOT,
    env: {
      PATH: process.env["PATH"] ?? "",
      AWS_CONFIG_FILE: "/nowhere",
      AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
      ...environment,
    },
    timeout: 30_000,
  });
  return stdout.trim();
}

/** What the program prints if its credentials are good. */
export const ADMITTED = /^InvalidTokenException: /;

interface AuditedCall {
  readonly eventName: string;
  readonly eventSource: string;
  readonly awsRegion?: string;
  readonly errorCode?: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly requestParameters: object | null;
  readonly responseElements: object | null;
  readonly additionalEventData?: object;
}

/** The trail's events of a name, newest first. */
export async function auditedCalls(server: Pick<Served, "operator">, eventName: string): Promise<AuditedCall[]> {
  const { body } = await server.operator("GET", `/audit-events?eventName=${eventName}`);
  return [...(body as { readonly items: readonly AuditedCall[] }).items];
}
