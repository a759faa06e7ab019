/** Simulations: whether a policy allows an action, and what a registration token says. */
import { iso, timeOf } from "@countinghouse/protocol";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import type { PolicyDocument } from "../../domain/catalogue/account.ts";
import { decideResolveCustomer } from "../../domain/decide/resolve-customer.ts";
import { policyDecision } from "../../identity/caller.ts";
import { openToken } from "../../identity/registration-tokens.ts";
import type { OperatorContext } from "../context.ts";
import type { InspectedRegistrationToken, PolicySimulation, simulationRoutes } from "../contract/simulations.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function simulationHandlers(context: OperatorContext): Handlers<keyof typeof simulationRoutes> {
  const { ledger, clock, sealer } = context;
  return {
    "POST /policy-simulations": ({ body }): PolicySimulation => {
      const { principal, action, region, sourceAddress, secure, at } = body;
      const caller = { principalArn: principal, region, policy: policyOf(ledger.catalogue, principal) };
      const atMs = at === undefined ? context.wallMs() : timeOf(at);
      const facts = { sourceAddress, isSecure: secure, atMs };
      const { decision, context: request } = policyDecision(caller, action, facts);
      const told = { principal, action, verdict: decision.verdict };
      if (decision.verdict === "allowed") {
        const { statement } = decision;
        const why =
          statement === undefined
            ? "There is no policy, so that everything is allowed."
            : `${named(statement)} allows it, and none denies it.`;
        return { ...told, by: statement && byStatement(statement), why };
      }
      if (decision.verdict === "denied") {
        const { statement } = decision;
        return { ...told, by: byStatement(statement), why: `${named(statement)} denies it.` };
      }
      if (decision.nearest === undefined) return { ...told, why: "No statement allows it." };
      const { statement, test } = decision.nearest;
      const unmet = test && { operator: test.operator, key: test.key, value: request[test.key] };
      const what =
        test === undefined
          ? "its condition cannot be read"
          : `its condition ${test.operator} ${test.key} does not hold`;
      return { ...told, by: byStatement(statement), unmet, why: `${named(statement)} would allow it, but ${what}.` };
    },
    "POST /registration-tokens/inspect": ({ body: { registrationToken } }): InspectedRegistrationToken => {
      const nowMs = clock.nowMs();
      const claims = openToken(sealer, registrationToken);
      const now = iso(nowMs);
      if (claims === undefined)
        return { valid: false, why: "It is no token of this server's, or it was altered.", now };
      const { catalogue } = ledger;
      const told = { agreementId: claims.agreementId, expiresAt: iso(claims.expiresAtMs), now };
      const agreement = catalogue.agreement(claims.agreementId);
      if (agreement === undefined)
        return { valid: false, why: `There is no agreement ${claims.agreementId} any more.`, ...told };
      const { productCode, customerAccountId, customerIdentifier } = agreement;
      const seller = catalogue.product(productCode)?.seller;
      const decision = decideResolveCustomer({ callerAccountId: seller ?? "", claims }, { catalogue, nowMs });
      const why =
        decision.rejected === undefined
          ? `ResolveCustomer answers it to account ${seller}.`
          : decision.rejected.message;
      return {
        valid: decision.rejected === undefined,
        why,
        ...told,
        productCode,
        customerAccountId,
        customerIdentifier,
        seller,
      };
    },
  };
}

/** The principal's policy; undefined where the principal has none. Throws ProblemError where the principal does not exist. */
function policyOf(catalogue: CatalogueView, principal: string): PolicyDocument | undefined {
  const [, accountId = "", kind, name = ""] = /^arn:aws:iam::(\d{12}):(user|role)\/(.+)$/s.exec(principal) ?? [];
  const account = catalogue.account(accountId);
  const all = (kind === "user" ? account?.users : account?.roles) ?? [];
  const found = all.find((candidate) => candidate.name === name);
  if (found === undefined) throw new ProblemError(404, `Account ${accountId} has no ${kind} of that name.`);
  return found.policy;
}

interface Statement {
  readonly place: number;
  readonly sid: string | undefined;
}

function byStatement({ place, sid }: Statement): PolicySimulation["by"] {
  return { statement: place, sid };
}

function named({ place, sid }: Statement): string {
  return sid === undefined ? `Statement ${place}` : `Statement ${place} (${sid})`;
}
