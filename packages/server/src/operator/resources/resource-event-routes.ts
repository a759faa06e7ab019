/** `/resource-events/ecs`: state changes of ECS tasks, as an API destination of EventBridge sends them. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { observe } from "../../control-plane/observe.ts";
import { DETAIL_TYPE, taskObservation, withoutOverrides } from "../../observers/ecs/task-state-change.ts";
import type { OperatorContext, OperatorEnv } from "../context.ts";
import { ProblemError, bodyProblems } from "../problem.ts";
import { resourceIn } from "./resource-routes.ts";
import { resourceSchema, resourceView } from "./resource-view.ts";

/** Far more than ECS needs; what is kept is read again by code that goes down level by level. */
const EVENT_DEPTH_MAX = 32;

function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(member, levels - 1));
}

export function resourceEventRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/resource-events/ecs",
      tags: ["resources"],
      summary: `Take an EventBridge event "${DETAIL_TYPE}", as AWS sends it`,
      description:
        "Repeated and out of order is fine: a task's states are put in order by their version. What is refused is kept as a refused call. Needs the system clock.",
      request: {
        body: {
          required: true,
          content: {
            "application/json": {
              schema: z.looseObject({}).openapi("EventBridgeEvent", { description: "The whole envelope." }),
            },
          },
        },
      },
      responses: {
        200: {
          description: "The task, as it is known with this",
          content: { "application/json": { schema: resourceSchema } },
        },
        ...bodyProblems(409),
      },
    }),
    async (c) => {
      const event = c.req.valid("json");
      if (!isNestedWithin(event, EVENT_DEPTH_MAX)) {
        throw new ProblemError(
          422,
          `The event is nested more than ${EVENT_DEPTH_MAX} levels deep, as none of ECS's is.`,
        );
      }
      const news = (nowMs: number): ReturnType<typeof taskObservation> => {
        if (clock.mode === "system") return taskObservation(event, nowMs);
        const message = `Events of AWS are of today, so they need --clock system; this one is ${clock.mode}.`;
        return { reason: "conflict", message, compared: {} };
      };
      const observed = await observe(ledger, c.var.call("ObserveEcsTask"), news, withoutOverrides(event));
      return c.json(resourceView(resourceIn(observed), clock.nowMs()), 200);
    },
  );
}
