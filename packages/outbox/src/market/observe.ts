/** What a message of the marketplace changes: bindings of the agreement that it is about end. In any order, and repeated. */
import { currentBindings, type Binding } from "../domain/binding.ts";
import { identityOf } from "../domain/identity.ts";
import type { MarketMessage } from "./messages.ts";

/**
 * Bindings to append. A message without a licence touches only bindings without one; with neither licence nor customer it touches
 * none. An end that was told before is kept, unless this one is earlier.
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
  if (message.licenseArn !== undefined || licenseArn !== undefined) return message.licenseArn === licenseArn;
  if (message.agreementId !== undefined && binding.agreementId !== undefined) {
    return message.agreementId === binding.agreementId;
  }
  if (customerAccountId !== undefined) return message.customerAccountId === customerAccountId;
  return customerIdentifier !== undefined && message.customerIdentifier === customerIdentifier;
}
