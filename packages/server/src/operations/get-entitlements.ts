import {
  getEntitlements,
  withoutSecretsOf,
  type GetEntitlementsInput,
  type GetEntitlementsOutput,
} from "@countinghouse/protocol";
import {
  FIRST_PAGE,
  decideGetEntitlements,
  entitlementsQuery,
  type EntitlementPosition,
  type EntitlementsPage,
} from "../domain/decide/get-entitlements.ts";
import type { PageTokens } from "../domain/page-tokens.ts";
import { keptRequest } from "../ledger/clipped-request.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { refused, type Answer, type OperationHandler } from "./operation.ts";

const asked = withoutSecretsOf(getEntitlements.input);

/** GetEntitlements. It changes nothing; its entry names the product, and says how many entitlements were shown. */
export function getEntitlementsOperation(
  ledger: Ledger,
  pageTokens: PageTokens,
): OperationHandler<GetEntitlementsInput, GetEntitlementsOutput> {
  return async (call, input) => {
    const query = entitlementsQuery(call.accountId, input);
    const after = input.nextToken === undefined ? FIRST_PAGE : positionOf(pageTokens.open(query, input.nextToken));
    const request = { callerAccountId: call.accountId, input, after };
    const answer = await ledger.transact({
      call,
      keys: [],
      decide: (facts): Decision<Answer<EntitlementsPage>> => {
        const decision = decideGetEntitlements(request, facts);
        if (decision.rejected !== undefined) return refused(decision.rejected, asked(input));
        const { page, hiddenBy } = decision;
        const { productCode } = input;
        return {
          event: {
            kind: "entitlements-shown",
            productCode,
            ...keptRequest(asked(input)),
            count: page.entitlements.length,
            rule: hiddenBy,
          },
          answer: { output: page },
        };
      },
    });
    if (answer.rejected !== undefined) return answer;
    const { entitlements, next } = answer.output;
    if (next === undefined) return { output: { entitlements } };
    // Sealed outside the decision: a decision is pure, and sealing needs randomness.
    const nextToken = pageTokens.seal(query, JSON.stringify([next.agreementId, next.dimension]));
    return { output: { entitlements, nextToken } };
  };
}

function positionOf(text: string | undefined): EntitlementPosition | undefined {
  if (text === undefined) return undefined;
  const [agreementId, dimension] = JSON.parse(text) as [string, string];
  return { agreementId, dimension };
}
