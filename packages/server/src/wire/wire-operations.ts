/** The operations of the wire: the shapes of each, tied to its handler. */
import {
  batchMeterUsage,
  decoderOf,
  encoderOf,
  getEntitlements,
  lookupEvents,
  meterUsage,
  registerUsage,
  resolveCustomer,
  withoutSecretsOf,
  writableOf,
  type Operation,
} from "@countinghouse/protocol";
import type { EventPages } from "../audit/event-pages.ts";
import type { PageTokens } from "../domain/page-tokens.ts";
import type { RegistrationTokenClaims } from "../domain/registration-token.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { OperationHandler } from "../operations/operation.ts";
import { batchMeterUsageOperation } from "../operations/batch-meter-usage.ts";
import { getEntitlementsOperation } from "../operations/get-entitlements.ts";
import { lookupEventsOperation } from "../operations/lookup-events.ts";
import { meterUsageOperation } from "../operations/meter-usage.ts";
import { registerUsageOperation, type SignRegistration } from "../operations/register-usage.ts";
import { resolveCustomerOperation } from "../operations/resolve-customer.ts";
import { cborValues, encodeCbor, writtenValues } from "./protocols/cbor.ts";
import type { WireOperation } from "./wire-operation.ts";

export function wireOperations(
  ledger: Ledger,
  openToken: (token: string) => RegistrationTokenClaims | undefined,
  pageTokens: PageTokens,
  eventPages: EventPages,
  signRegistration: SignRegistration,
): WireOperation[] {
  return [
    wireOperation(batchMeterUsage, batchMeterUsageOperation(ledger)),
    wireOperation(resolveCustomer, resolveCustomerOperation(ledger, openToken)),
    wireOperation(meterUsage, meterUsageOperation(ledger)),
    wireOperation(registerUsage, registerUsageOperation(ledger, signRegistration)),
    wireOperation(getEntitlements, getEntitlementsOperation(ledger, pageTokens)),
    wireOperation(lookupEvents, lookupEventsOperation(ledger, pageTokens, eventPages)),
  ];
}

/** Only here are an operation's types given up: its reading, doing and writing belong together from here on. */
function wireOperation<Input extends object, Output>(
  operation: Operation<Input, Output>,
  handler: OperationHandler<Input, Output>,
): WireOperation {
  const { input, output } = operation;
  const encodeJson = encoderOf(output);
  const writable = writableOf(output, writtenValues);
  const asked = withoutSecretsOf(input);
  return {
    ...operation,
    json: { decode: decoderOf(input), encode: (given) => encodeJson(given as Output) },
    cbor: { decode: decoderOf(input, cborValues), encode: (given) => encodeCbor(writable(given as Output)) },
    asked: (given) => asked(given as Input),
    run: (call, given) => handler(call, given as Input),
  };
}
