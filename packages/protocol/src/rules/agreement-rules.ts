/** The rule book's rules of agreements: who may be metered, from when until when, and what never changes. */
import { ALWAYS, DESIGN, type Rule } from "./rule.ts";

export type AgreementRuleId = "G1" | "G2" | "G3" | "G4" | "G5" | "G6" | "G7" | "G8";

const MODEL = "service model and API reference, marketplace metering 2016-01-14";
const SELLER_GUIDE = "AWS Marketplace seller guide";
const SAAS_GUIDE = `${SELLER_GUIDE}: SaaS notifications and subscriptions`;

export const agreementRules: Readonly<Record<AgreementRuleId, Rule>> = {
  G1: {
    text: "The customer has an agreement for the product that has begun at the time of the call; otherwise the record's status is CustomerNotSubscribed.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "Where a customer has several, one that is open now (Rules G3, G4) and one that covers the usage (Rule G2) suffice, and they may be two: a renewal loses no usage. With a licence it is that licence's.",
  },
  G2: {
    text: "Usage lies within an agreement: not before its start, nor after its end; otherwise the record's status is CustomerNotSubscribed.",
    source: `${MODEL}; ${SAAS_GUIDE}`,
    inForce: ALWAYS,
  },
  G3: {
    text: "When an agreement is cancelled or runs out, final records are accepted for one hour; then the status is CustomerNotSubscribed.",
    source: `${SAAS_GUIDE}: about one hour after unsubscribe-pending, or after the licence was deprovisioned`,
    inForce: ALWAYS,
    reading:
      "Usage of that hour counts after a cancellation, which comes in the midst of use, and not after an end that was agreed.",
  },
  G4: {
    text: "While an agreement is suspended, records get the status CustomerNotSubscribed. Once it is resumed, usage is accepted as far as the window allows, that of the suspension included.",
    source: `${MODEL}: the buyer's account is suspended`,
    inForce: ALWAYS,
    reading: "What becomes of usage during a suspension is undocumented; to refuse it for ever would lose it.",
  },
  G5: {
    text: "Usage of a free trial is metered like any other.",
    source: `${SELLER_GUIDE}: the trial is a matter of the bill`,
    inForce: ALWAYS,
  },
  G6: {
    text: "An agreement may replace another one of the same product and account, from an hour's edge (UTC) on that lies more than 900 s ahead; the other one ends there, unless it ends before. Each use is under the names of its own time, and late usage of the old names is accepted as long as the new agreement is open.",
    source: `${DESIGN}; a new agreement gives a new LicenseArn, and agreements are made with the intents NEW, RENEW and REPLACE: seen by sellers`,
    inForce: { from: "2026-12", before: "an agreement's names were changed in place" },
    reading:
      "Keys are by the hour (Rule K1) and usage may lie 900 s ahead (Rule W3), so no use of before the change has a key from the edge on. An account that changes hands is another customer. What was cancelled, suspended, has ended or was replaced before is not replaced.",
  },
  G7: {
    text: "By which names usage is metered never changes: of an agreement its product, account, identifier, licence and what it replaces; of a product its seller and type.",
    source: DESIGN,
    inForce: { from: "2026-12", before: "names could be changed, and the same usage counted under both" },
    reading:
      "A new name is a new agreement that replaces the old one (Rule G6); another product or account, a new agreement or product.",
  },
  G8: {
    text: "A start that has passed, or lies within 900 s, moves to an earlier time only; that of a replacement does not move, nor does the end of what it replaced move beyond it. Any other end may move: usage that was refused behind it is accepted where it is sent again in time, and hours that were covered before it was set back stay its own (Rule K8).",
    source: DESIGN,
    inForce: { from: "2026-12", before: "start and end moved as they liked" },
    reading: "Records that are kept stay kept, and are answered for (Rule K5), wherever an end is moved to.",
  },
};
