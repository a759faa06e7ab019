/** What a message of the marketplace changes: bindings of the agreement that it is about end. In any order, and repeated. */
import { currentBindings, type Binding } from "../domain/binding.ts";
import { identityOf } from "../domain/identity.ts";
import type { MarketMessage } from "./messages.ts";

/**
 * Bindings to append. A binding with a licence is touched by a message about that licence only; one without, by its agreement,
 * or else by its product and customer. An end that was told before is kept, unless this one is earlier.
 */
export function bindingsEnded(message: MarketMessage, all: readonly Binding[], serviceMs: number): readonly Binding[] {
  if (message.kind !== "ended") return [];
  const untilMs = Math.min(message.atMs ?? serviceMs, serviceMs);
  return currentBindings(all)
    .filter((binding) => isAbout(message, binding))
    .filter((binding) => binding.fromMs < untilMs && (binding.untilMs === undefined || binding.untilMs > untilMs))
    .map((binding) => ({ ...binding, untilMs, endToldMs: serviceMs }));
}

function isAbout(message: MarketMessage, binding: Binding): boolean {
  const { licenseArn, customerAccountId, customerIdentifier } = identityOf(binding.identity);
  if (message.productCode !== undefined && message.productCode !== binding.productCode) return false;
  if (licenseArn !== undefined) return message.licenseArn === licenseArn;
  if (message.agreementId !== undefined && binding.agreementId !== undefined) {
    return message.agreementId === binding.agreementId;
  }
  // The end of one licence, or of nobody knows which product, is not the end of a customer.
  if (message.licenseArn !== undefined || message.productCode === undefined) return false;
  if (customerAccountId !== undefined) return message.customerAccountId === customerAccountId;
  return customerIdentifier !== undefined && message.customerIdentifier === customerIdentifier;
}
