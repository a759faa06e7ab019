/** `/resource-events/ecs`: state changes of ECS tasks, as an API destination of EventBridge sends them. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { observe } from "../../../control-plane/observe.ts";
import { DETAIL_TYPE, taskObservation, withoutOverrides } from "../../../observers/ecs/task-state-change.ts";
import type { OperatorContext, OperatorEnv } from "../context.ts";
import { bodyProblems } from "../problem.ts";
import { resourceIn } from "./resource-routes.ts";
import { resourceSchema, resourceView } from "./resource-view.ts";

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
