/** `/resources`: what runs products in buyers' accounts. What starts or stops a resource reports it, or AWS's events do. */
import { z } from "zod";
import { pageSchema, pageQuery, timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";
import { PLATFORMS } from "./values.ts";

const tag = "resources";
const platform = z.enum(PLATFORMS);
const accountId = z.string().regex(/^\d{12}$/, "must be twelve digits");
const externalId = z.string().describe("Instance id, task ARN or pod uid.");

const resourceSchema = z
  .object({
    resourceId: z.string().describe("Follows from platform and external id."),
    platform,
    externalId,
    accountId: z.string(),
    region: z.string(),
    roleName: z.string().optional(),
    startedAt: timestamp,
    stoppedAt: timestamp.optional(),
    live: z.boolean().describe("Whether it runs, as far as is known."),
    heardAt: timestamp.describe("When there was last a sign of it, to within an hour or so."),
    registrations: z
      .array(
        z.object({
          productCode: z.string(),
          registeredAt: timestamp,
          accruedTo: timestamp.optional().describe("Use before this is in the ledger."),
        }),
      )
      .describe("Products that it has registered, each of which is metered from then on."),
  })
  .meta({ id: "Resource" });

/** A metered resource: an EC2 instance, an ECS task or an EKS pod. */
export type Resource = Frozen<z.output<typeof resourceSchema>>;

const newResource = z.strictObject({
  platform,
  externalId: externalId.min(1).max(400),
  accountId: accountId.describe("The buyer's account, which it runs in."),
  region: z.string().max(64),
  roleName: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("The role of that account whose permissions its credentials have; it can be added later."),
  startedAt: timestamp.optional().describe("Left out: now, by the service clock."),
});

/** The title of the events that `POST /resource-events/ecs` takes. */
const ECS_DETAIL_TYPE = "ECS Task State Change";

export const resourceRoutes = {
  "POST /resources": {
    tag,
    command: "resource add",
    summary: "Tell that an instance, a task or a pod runs; answers the environment that its programs need",
    description: "The same external id again is the same resource: what is new of it is added.",
    body: newResource,
    answer: {
      status: 201,
      description: "The resource",
      json: resourceSchema.and(
        z.object({ credentials: z.record(z.string(), z.string()).describe("Environment variables.") }),
      ),
    },
    problems: [409],
  },
  "POST /resources/{id}/stop": {
    tag,
    command: "resource stop",
    summary: "Tell that a resource has ended: now, or at a time that is over",
    body: z.strictObject({ stoppedAt: timestamp.optional() }),
    bodyOptional: true,
    answer: { status: 200, description: "The resource", json: resourceSchema },
    problems: [404, 409],
  },
  "GET /resources": {
    tag,
    command: "resource list",
    summary: "List metered resources: those that run, and those that ended in the last 35 days",
    query: pageQuery.extend({
      platform: platform.optional(),
      accountId: accountId.optional(),
      productCode: z.string().optional().describe("Those that have registered this product."),
      live: z.enum(["true", "false"]).optional(),
    }),
    answer: { status: 200, description: "A page of resources", json: pageSchema(resourceSchema) },
    problems: [400],
  },
  "GET /resources/{id}": {
    tag,
    command: "resource show",
    summary: "Show a resource",
    answer: { status: 200, description: "The resource", json: resourceSchema },
    problems: [404],
  },
  "POST /resource-events/ecs": {
    tag,
    command: { none: "EventBridge calls it, by an API destination." },
    summary: `Take an EventBridge event "${ECS_DETAIL_TYPE}", as AWS sends it`,
    description:
      "Repeated and out of order is fine: a task's states are put in order by their version. What is refused is kept as a refused call. Needs the system clock.",
    body: z.looseObject({}).meta({ id: "EventBridgeEvent", description: "The whole envelope." }),
    answer: { status: 200, description: "The task, as it is known with this", json: resourceSchema },
    problems: [409],
  },
} as const satisfies Routes;
