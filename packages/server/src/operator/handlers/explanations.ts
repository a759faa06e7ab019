/** Why a request was answered as it was. */
import { explainRequest } from "../../explain/explain-request.ts";
import type { OperatorContext } from "../context.ts";
import type { explanationRoutes } from "../contract/ledger/explanation.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function explanationHandlers({ ledger }: OperatorContext): Handlers<keyof typeof explanationRoutes> {
  return {
    "GET /requests/{requestId}/explanation": async ({ params: { requestId } }) => {
      const explanation = await explainRequest(ledger, requestId.toLowerCase());
      if (explanation === undefined) throw new ProblemError(404, notKept(requestId));
      return explanation;
    },
  };
}

function notKept(id: string): string {
  return `No request or metering record ${id} is kept. Requests that were refused before authentication, over a quota, or for want of room are not kept, nor are those refused by authentication beyond a few a minute, nor is what only reads through the operator API, or came before a reset.`;
}
