import type { RegisterUsageInput, RegisterUsageOutput } from "@countinghouse/protocol";
import { decideRegisterUsage } from "../domain/decide/register-usage.ts";
import { resourcesOf } from "../domain/decide/resource-checks.ts";
import { heardCalling } from "../domain/resources/observation.ts";
import type { RegistrationClaims, RegistrationKey } from "../domain/catalogue/registration-key.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";
import { refused, type OperationHandler } from "./operation.ts";

export type SignRegistration = (key: RegistrationKey, claims: RegistrationClaims) => Promise<string>;

/** RegisterUsage: the beginning of metering and the entry with the answer are one transaction. */
export function registerUsageOperation(
  ledger: Ledger,
  sign: SignRegistration,
): OperationHandler<RegisterUsageInput, RegisterUsageOutput> {
  return async (call, input) => {
    // Signed outside the decision: a decision is pure, and signing needs randomness. Only resources get a signature.
    const key = call.session && ledger.catalogue.registrationKey(input.publicKeyVersion);
    const signature = key && (await sign(key, input));
    const { accountId: callerAccountId, region, session } = call;
    const request = { callerAccountId, region, session, input, signature };
    return ledger.transact({
      call,
      keys: [],
      resources: resourcesOf(call),
      productCode: input.productCode,
      decide: ({ catalogue, nowMs, resources: [known] }) => {
        const decision = decideRegisterUsage(request, { catalogue, nowMs, resource: known });
        if (decision.rejected !== undefined) return refused(decision.rejected, { ...input });
        const { resource, registered, output } = decision;
        const news = registered ?? heardCalling(resource, nowMs);
        return {
          event: {
            kind: "usage-registered",
            productCode: input.productCode,
            resourceId: resource.resourceId,
            request: { ...input },
            first: registered !== undefined,
            ...output,
          },
          resources: news && [putResource(news)],
          answer: { output },
        };
      },
    });
  };
}
