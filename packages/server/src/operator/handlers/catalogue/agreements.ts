/** Agreements, and what happens to them: cancelled, suspended, resumed. */
import { agreementChange, agreementDocument, agreementView } from "../../../catalogue/documents.ts";
import type { Call } from "../../../ledger/entry.ts";
import { changeAgreementState, type AgreementAction } from "../../../operations/change-agreement-state.ts";
import type { OperatorContext } from "../../context.ts";
import { agreementDocumentSchema, type Agreement, type agreementRoutes } from "../../contract/catalogue/agreement.ts";
import { ProblemError, refusalProblem } from "../../problem.ts";
import type { Handlers } from "../../serve-routes.ts";
import { hasText, kindHandlers } from "./kind.ts";

export function agreementHandlers({ ledger, clock }: OperatorContext): Handlers<keyof typeof agreementRoutes> {
  const { list, add, show, change } = kindHandlers(ledger, {
    noun: "agreement",
    schema: agreementDocumentSchema,
    idOf: ({ agreementId }) => agreementId,
    list: (catalogue) => catalogue.list("agreement").map((agreement) => agreementView(agreement, clock.nowMs())),
    show: (catalogue, id) => {
      const agreement = catalogue.agreement(id);
      return agreement && agreementView(agreement, clock.nowMs());
    },
    document: (catalogue, id) => {
      const agreement = catalogue.agreement(id);
      return agreement && agreementDocument(agreement);
    },
    changes: (document, catalogue, nowMs) => [
      agreementChange(document, catalogue.agreement(document.agreementId), nowMs),
    ],
  });
  const acted = async (id: string, action: AgreementAction, call: Call): Promise<Agreement> => {
    const refusal = await changeAgreementState(ledger, call, id, action);
    if (refusal !== undefined) throw refusalProblem(refusal);
    const agreement = ledger.catalogue.agreement(id);
    if (agreement === undefined) throw new ProblemError(404, `No agreement ${id}.`);
    return agreementView(agreement, clock.nowMs());
  };
  return {
    "GET /agreements": ({ query }) => {
      const { productCode, customerAccountId, state, q } = query;
      return list(query, (agreement) => {
        const { agreementId, customerIdentifier, licenseArn } = agreement;
        return (
          (productCode === undefined || productCode === agreement.productCode) &&
          (customerAccountId === undefined || customerAccountId === agreement.customerAccountId) &&
          (state === undefined || state === agreement.status) &&
          hasText(q, agreementId, agreement.productCode, agreement.customerAccountId, customerIdentifier, licenseArn)
        );
      });
    },
    "POST /agreements": add,
    "GET /agreements/{id}": show,
    "PATCH /agreements/{id}": change,
    "POST /agreements/{id}/cancel": ({ params, call }) => acted(params.id, "cancel", call("CancelAgreement")),
    "POST /agreements/{id}/suspend": ({ params, call }) => acted(params.id, "suspend", call("SuspendAgreement")),
    "POST /agreements/{id}/resume": ({ params, call }) => acted(params.id, "resume", call("ResumeAgreement")),
  };
}
