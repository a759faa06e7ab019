import {
  resolveCustomer,
  withoutSecretsOf,
  type ResolveCustomerInput,
  type ResolveCustomerOutput,
} from "@countinghouse/protocol";
import { decideResolveCustomer } from "../domain/decide/resolve-customer.ts";
import type { RegistrationTokenClaims } from "../domain/registration-token.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { refused, type OperationHandler } from "./operation.ts";

const asked = withoutSecretsOf(resolveCustomer.input);

/** ResolveCustomer. The entry names the agreement, never the token. */
export function resolveCustomerOperation(
  ledger: Ledger,
  openToken: (token: string) => RegistrationTokenClaims | undefined,
): OperationHandler<ResolveCustomerInput, ResolveCustomerOutput> {
  return (call, input) => {
    const claims = openToken(input.registrationToken);
    return ledger.transact({
      call,
      keys: [],
      decide: (facts) => {
        const decision = decideResolveCustomer({ callerAccountId: call.accountId, claims }, facts);
        if (decision.rejected !== undefined) return refused(decision.rejected, asked(input));
        return {
          event: { kind: "customer-resolved", agreementId: decision.agreementId, customer: decision.output },
          answer: { output: decision.output },
        };
      },
    });
  };
}
