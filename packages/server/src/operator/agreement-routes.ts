/** What happens to agreements: cancelled, suspended, resumed. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { agreementView, type AgreementView } from "../catalogue/documents.ts";
import { agreementSchema } from "../catalogue/schema.ts";
import { changeAgreementState, type AgreementAction } from "../operations/change-agreement-state.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { ProblemError, problems, refusalProblem } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

export const agreementViewSchema: z.ZodType<AgreementView> = agreementSchema
  .safeExtend({
    startsAt: timestamp,
    status: z.enum(["pending", "active", "suspended", "cancelled", "expired"]),
    cancelledAt: timestamp.optional().describe("Final records are accepted for an hour from here."),
    suspendedAt: timestamp.optional(),
    replacedBy: z.string().optional().describe("The agreement that goes on with it, from its end on."),
  })
  .openapi("Agreement");

const ACTIONS: Readonly<Record<AgreementAction, { readonly operation: string; readonly summary: string }>> = {
  cancel: {
    operation: "CancelAgreement",
    summary: "Cancel an agreement, for good: final records are accepted for one hour of the service clock",
  },
  suspend: {
    operation: "SuspendAgreement",
    summary: "Suspend an agreement: the customer's records are CustomerNotSubscribed until it is resumed",
  },
  resume: { operation: "ResumeAgreement", summary: "Resume a suspended agreement" },
};

export function agreementRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock }: OperatorContext): void {
  for (const [action, { operation, summary }] of Object.entries(ACTIONS)) {
    app.openapi(
      createRoute({
        method: "post",
        path: `/agreements/{id}/${action}`,
        tags: ["catalogue"],
        summary,
        request: { params: z.object({ id: z.string() }) },
        responses: {
          200: { description: "The agreement", content: { "application/json": { schema: agreementViewSchema } } },
          ...problems(404, 409),
        },
      }),
      async (c) => {
        const { id } = c.req.valid("param");
        const refusal = await changeAgreementState(ledger, c.var.call(operation), id, action as AgreementAction);
        if (refusal !== undefined) throw refusalProblem(refusal);
        const agreement = ledger.catalogue.agreement(id);
        if (agreement === undefined) throw new ProblemError(404, `No agreement ${id}.`);
        return c.json(agreementView(agreement, clock.nowMs()), 200);
      },
    );
  }
}
