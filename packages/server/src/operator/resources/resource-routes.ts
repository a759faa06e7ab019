/** `/resources`: what runs products on buyers' accounts, told by whoever starts and stops it. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { addResource, endResource, type Observed } from "../../control-plane/observe.ts";
import { isLive, registrationOf, type MeteredResource } from "../../domain/resources/metered-resource.ts";
import { timeOf } from "../../domain/written-values.ts";
import type { OperatorContext, OperatorEnv } from "../context.ts";
import { pageOf, pageQuery, pageSchema } from "../page.ts";
import { ProblemError, bodyProblems, problems, refusalProblem } from "../problem.ts";
import { resourceSchema, resourceView } from "./resource-view.ts";
import { timestamp } from "../timestamp.ts";

const TAGS = ["resources"];
const platform = z.enum(["ec2", "ecs", "eks"]);
const accountId = z.string().regex(/^\d{12}$/, "must be twelve digits");

const newResourceSchema = z.strictObject({
  platform,
  externalId: z.string().min(1).max(400).openapi({ description: "Instance id, task ARN or pod uid." }),
  accountId: accountId.openapi({ description: "The buyer's account, which it runs in." }),
  region: z.string().max(64),
  roleName: z.string().min(1).max(64).optional().openapi({
    description: "The role of that account whose permissions its credentials have; it can be added later.",
  }),
  startedAt: timestamp.optional().openapi({ description: "Left out: now, by the service clock." }),
});

export function resourceRoutes(app: OpenAPIHono<OperatorEnv>, context: OperatorContext): void {
  addingRoutes(app, context);
  listingRoutes(app, context);
}

function addingRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock, workload }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/resources",
      tags: TAGS,
      summary: "Tell that an instance, a task or a pod runs; answers the environment that its programs need",
      description: "The same external id again is the same resource: what is new of it is added.",
      request: { body: { required: true, content: { "application/json": { schema: newResourceSchema } } } },
      responses: {
        201: {
          description: "The resource",
          content: {
            "application/json": {
              schema: resourceSchema.extend({
                credentials: z.record(z.string(), z.string()).openapi({ description: "Environment variables." }),
              }),
            },
          },
        },
        ...bodyProblems(409),
      },
    }),
    async (c) => {
      const { startedAt, ...told } = c.req.valid("json");
      const asked = { ...told, ...(startedAt === undefined ? {} : { startedAtMs: timeOf(startedAt) }) };
      const resource = resourceIn(await addResource(ledger, c.var.call("CreateResource"), asked, asked));
      await workload.resourceChanged(resource);
      const credentials = workload.environmentOf(resource, new URL(c.req.url).origin);
      return c.json({ ...resourceView(resource, clock.nowMs()), credentials }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/resources/{id}/stop",
      tags: TAGS,
      summary: "Tell that a resource has ended: now, or at a time that is over",
      request: {
        params: z.object({ id: z.string() }),
        body: {
          required: false,
          content: { "application/json": { schema: z.strictObject({ stoppedAt: timestamp.optional() }) } },
        },
      },
      responses: {
        200: { description: "The resource", content: { "application/json": { schema: resourceSchema } } },
        ...bodyProblems(404, 409),
      },
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      const { stoppedAt } = c.req.valid("json");
      const stoppedAtMs = stoppedAt === undefined ? undefined : timeOf(stoppedAt);
      const asked = { resourceId: id, ...(stoppedAtMs === undefined ? {} : { stoppedAtMs }) };
      const resource = resourceIn(await endResource(ledger, c.var.call("StopResource"), id, stoppedAtMs, asked));
      await workload.resourceChanged(resource);
      return c.json(resourceView(resource, clock.nowMs()), 200);
    },
  );
}

function listingRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/resources",
      tags: TAGS,
      summary: "List metered resources: those that run, and those that ended in the last 35 days",
      request: {
        query: pageQuery.extend({
          platform: platform.optional(),
          accountId: accountId.optional(),
          productCode: z.string().optional().openapi({ description: "Those that have registered this product." }),
          live: z.enum(["true", "false"]).optional(),
        }),
      },
      responses: {
        200: {
          description: "A page of resources",
          content: { "application/json": { schema: pageSchema(resourceSchema) } },
        },
        ...problems(400),
      },
    }),
    (c) => {
      const { live, productCode, ...query } = c.req.valid("query");
      const nowMs = clock.nowMs();
      const isMeant = (resource: MeteredResource): boolean =>
        (query.platform === undefined || resource.platform === query.platform) &&
        (query.accountId === undefined || resource.accountId === query.accountId) &&
        (productCode === undefined || registrationOf(resource, productCode) !== undefined) &&
        (live === undefined || isLive(resource, nowMs) === (live === "true"));
      const { items, ...page } = pageOf(ledger.catalogue.list("resource").filter(isMeant), query);
      return c.json({ items: items.map((resource) => resourceView(resource, nowMs)), ...page }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/resources/{id}",
      tags: TAGS,
      summary: "Show a resource",
      request: { params: z.object({ id: z.string() }) },
      responses: {
        200: { description: "The resource", content: { "application/json": { schema: resourceSchema } } },
        ...problems(404),
      },
    }),
    (c) => {
      const { id } = c.req.valid("param");
      const resource = ledger.catalogue.resource(id);
      if (resource === undefined) throw new ProblemError(404, `No resource ${id}.`);
      return c.json(resourceView(resource, clock.nowMs()), 200);
    },
  );
}

/** Throws where what was told is not believed. */
export function resourceIn({ resource, refusal }: Observed): MeteredResource {
  if (resource === undefined) throw refusalProblem(refusal);
  return resource;
}
