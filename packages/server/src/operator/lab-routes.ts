/** The clock, and the reset. Both change the world under every caller, so both are for a lab. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { CatalogueFileError } from "../catalogue/catalogue-file.ts";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { DURATION_SECONDS_MAX, timeOf } from "../domain/written-values.ts";
import { moveClock } from "../operations/move-clock.ts";
import { keptRegistrationKeys } from "../operations/registration-keys.ts";
import { keptSettings } from "../operations/shared-settings.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { ProblemError, bodyProblems, problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const clockSchema = z.object({ now: timestamp, mode: z.enum(["system", "manual", "offset"]) }).openapi("Clock");
const clockContent = { "application/json": { schema: clockSchema } };

const clockMoveSchema = z
  .strictObject({
    now: timestamp.optional(),
    advanceSeconds: z.number().min(0).max(DURATION_SECONDS_MAX).optional(),
  })
  .refine(({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined), {
    message: "must have exactly one of now and advanceSeconds",
  });

export function labRoutes(app: OpenAPIHono<OperatorEnv>, context: OperatorContext): void {
  const { ledger, clock } = context;
  const state = (): z.infer<typeof clockSchema> => ({ now: new Date(clock.nowMs()).toISOString(), mode: clock.mode });

  app.openapi(
    createRoute({
      method: "get",
      path: "/clock",
      tags: ["lab"],
      summary: "Where the service clock stands",
      responses: { 200: { description: "The clock", content: clockContent }, ...problems() },
    }),
    (c) => c.json(state(), 200),
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/clock",
      tags: ["lab"],
      summary: "Move the service clock forward: to a time, or by a number of seconds",
      request: {
        body: {
          required: true,
          content: {
            "application/json": {
              schema: clockMoveSchema,
            },
          },
        },
      },
      responses: { 200: { description: "The clock", content: clockContent }, ...bodyProblems(409) },
    }),
    async (c) => {
      if (clock.mode === "system") {
        throw new ProblemError(409, "The system clock cannot be moved; start with --clock manual or --clock offset.");
      }
      const { now, advanceSeconds = 0 } = c.req.valid("json");
      const move = now === undefined ? { byMs: Math.round(advanceSeconds * 1000) } : { toMs: timeOf(now) };
      const moved = await moveClock(ledger, c.var.call("MoveClock"), move);
      if (!moved.refused) {
        await context.keeping.dueWork();
        return c.json(state(), 200);
      }
      throw new ProblemError(409, `The clock moves forward only; it stands at ${new Date(moved.nowMs).toISOString()}.`);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/reset",
      tags: ["lab"],
      summary:
        "Empty the ledger, end all faults and put the catalogue back as the server was started with; the clock stays where it is, and registration keys stay as they are",
      responses: { 204: { description: "It is empty" }, ...problems(403, 409) },
    }),
    async (c) => {
      if (!context.lab) throw new ProblemError(403, "A reset destroys the ledger: it needs --lab.");
      await context.keeping.beforeReset();
      const initial = startCatalogue(context);
      await ledger.reset(c.var.call("ResetLedger"), (before) => [
        ...initial,
        ...keptRegistrationKeys(before),
        ...keptSettings(before),
      ]);
      context.faults.clear();
      await context.workload.resourcesChanged();
      return c.body(null, 204);
    },
  );
}

/** A catalogue file may lean on objects that only the ledger has; without them it cannot be put in place. */
function startCatalogue(context: OperatorContext): readonly CatalogueChange[] {
  try {
    return context.initialCatalogue();
  } catch (error) {
    if (error instanceof CatalogueFileError)
      throw new ProblemError(
        409,
        "The catalogue file does not stand on its own, so the ledger is left as it is.",
        error.problems,
      );
    throw error;
  }
}
