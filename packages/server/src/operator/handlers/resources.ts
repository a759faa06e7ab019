/** Metered resources: what starts or stops them reports them, or ECS's own events do. */
import { HOUR_MS, iso, timeOf, type EpochMs } from "@countinghouse/protocol";
import { addResource, endResource, observe, type Observed } from "../../control-plane/observe.ts";
import { isLive, type MeteredResource, type UsageRegistration } from "../../domain/resources/metered-resource.ts";
import { taskIdIn, taskObservation, withoutOverrides } from "../../observers/ecs/task-state-change.ts";
import type { OperatorContext } from "../context.ts";
import type { Page } from "../contract/common.ts";
import type { Resource, resourceRoutes } from "../contract/resources.ts";
import { ProblemError, refusalProblem } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

type Registration = Resource["registrations"][number];

/** Far more than ECS needs. Deeper events are refused, because recursive code reads what is kept. */
const EVENT_DEPTH_MAX = 32;

export function resourceHandlers(context: OperatorContext): Handlers<keyof typeof resourceRoutes> {
  const { ledger, clock, workload } = context;
  const shown = (resource: MeteredResource): Resource => resourceView(resource, clock.nowMs());
  return {
    "POST /resources": async ({ body, call, request }) => {
      const { platform, externalId, accountId, region, roleName, startedAt } = body;
      const asked = {
        platform,
        externalId,
        accountId,
        region,
        ...(roleName === undefined ? {} : { roleName }),
        ...(startedAt === undefined ? {} : { startedAtMs: timeOf(startedAt) }),
      };
      const resource = resourceIn(await addResource(ledger, call("CreateResource"), asked, asked));
      await workload.resourceChanged(resource);
      const credentials = workload.environmentOf(resource, new URL(request.url).origin);
      return { ...shown(resource), credentials };
    },
    "POST /resources/{id}/stop": async ({ params: { id }, body: { stoppedAt }, call }) => {
      const stoppedAtMs = stoppedAt === undefined ? undefined : timeOf(stoppedAt);
      const asked = { resourceId: id, ...(stoppedAtMs === undefined ? {} : { stoppedAtMs }) };
      const resource = resourceIn(await endResource(ledger, call("StopResource"), id, stoppedAtMs, asked));
      await workload.resourceChanged(resource);
      return shown(resource);
    },
    "GET /resources": async ({ query: { live, ...query } }): Promise<Page<Resource>> => {
      const nowMs = clock.nowMs();
      const life = live === undefined ? undefined : { live: live === "true", atMs: nowMs };
      const { items, nextCursor } = await ledger.resources({ ...query, life });
      return { items: items.map((resource) => resourceView(resource, nowMs)), nextCursor };
    },
    "GET /resources/{id}": async ({ params: { id } }) => {
      const [resource] = await ledger.findResources([id]);
      if (resource === undefined) throw new ProblemError(404, `No resource ${id}.`);
      return shown(resource);
    },
    "POST /resource-events/ecs": async ({ body: event, call }) => {
      if (!isNestedWithin(event, EVENT_DEPTH_MAX)) {
        const message = `The event is nested more than ${EVENT_DEPTH_MAX} levels deep, as none of ECS's is.`;
        throw new ProblemError(422, message);
      }
      const tell = (nowMs: EpochMs): ReturnType<typeof taskObservation> => {
        if (clock.mode === "system") return taskObservation(event, nowMs);
        const message = `Events of AWS are of today, so they need --clock system; this one is ${clock.mode}.`;
        return { reason: "conflict", message, compared: {} };
      };
      const news = { resourceId: taskIdIn(event), tell };
      return shown(resourceIn(await observe(ledger, call("ObserveEcsTask"), news, withoutOverrides(event))));
    },
  };
}

function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(member, levels - 1));
}

/** Throws where the observation is refused. */
function resourceIn({ resource, refusal }: Observed): MeteredResource {
  if (resource === undefined) throw refusalProblem(refusal);
  return resource;
}

function resourceView(resource: MeteredResource, nowMs: EpochMs): Resource {
  return {
    resourceId: resource.resourceId,
    platform: resource.platform,
    externalId: resource.externalId,
    accountId: resource.accountId,
    region: resource.region,
    roleName: resource.roleName,
    startedAt: iso(resource.startedAtMs),
    stoppedAt: iso(resource.stoppedAtMs),
    live: isLive(resource, nowMs),
    heardAt: iso(resource.heardAtMs),
    registrations: resource.registrations.map(registrationView),
  };
}

function registrationView({ productCode, registeredAtMs, accruedToHour }: UsageRegistration): Registration {
  const accruedTo = accruedToHour === undefined ? undefined : iso(accruedToHour * HOUR_MS);
  return { productCode, registeredAt: iso(registeredAtMs), accruedTo };
}
