/** What sellers' programs do wrong. */
import { iso, timeOf } from "@countinghouse/protocol";
import { giveAdvice } from "../../advice/give-advice.ts";
import type { OperatorContext } from "../context.ts";
import type { adviceRoutes } from "../contract/ledger/advice.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

const SPAN_MS = 7 * 86_400_000;

export function adviceHandlers({ ledger, clock }: OperatorContext): Handlers<keyof typeof adviceRoutes> {
  return {
    "GET /advice": ({ query: { accountId, productCode, from, to, order, evidence: max } }) => {
      const nowMs = clock.nowMs();
      // The entry that was written last is of now.
      const toMs = to === undefined ? Math.floor(nowMs) + 1 : timeOf(to);
      const fromMs = from === undefined ? toMs - SPAN_MS : timeOf(from);
      if (fromMs >= toMs) throw new ProblemError(400, `from, ${iso(fromMs)}, must lie before to, ${iso(toMs)}.`);
      return giveAdvice(ledger, { accountId, productCode, fromMs, toMs, evidence: { order, max } }, nowMs);
    },
  };
}
