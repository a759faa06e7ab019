/** How operations are called, and how they answer. */
import type { ErrorName, UsageRecord } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { ErrorCode, Rejection } from "../domain/rejection.ts";
import { keptRequest } from "../ledger/clipped-request.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

export interface AccountCall extends Call {
  readonly accountId: string;
  readonly region: string;
}

export type Answer<Output, Code extends ErrorCode = ErrorName> = (
  | { readonly rejected: Rejection<Code>; readonly output?: undefined }
  | { readonly rejected?: undefined; readonly output: Output }
) & {
  /** The answer is durable, but is not sent to the caller. Rule F1. */
  readonly dropped?: boolean;
};

export type OperationHandler<Input, Output> = (call: AccountCall, input: Input) => Promise<Answer<Output>>;

/** How much of a refusal's text is kept, because the text may quote what was sent. The caller gets all of it. */
const TEXT_CHARACTERS_KEPT = 2_048;

function keptRejection<Code extends ErrorCode>(rejected: Rejection<Code>): Rejection<Code> {
  const { message } = rejected;
  if (message.length <= TEXT_CHARACTERS_KEPT) return rejected;
  return { ...rejected, message: `${message.slice(0, TEXT_CHARACTERS_KEPT)}…` };
}

/**
 * Keeps a refusal like any other event: who asked for what, the rule, and the compared figures. `productCode`: the product that it is
 * about, where the request does not say so itself.
 */
export function refused<Output, Code extends ErrorCode = ErrorName>(
  rejected: Rejection<Code>,
  request: Asked | undefined,
  productCode?: string,
): Decision<Answer<Output, Code>> {
  const kept = request === undefined ? {} : keptRequest(request);
  return { event: { kind: "call-refused", productCode, ...keptRejection(rejected), ...kept }, answer: { rejected } };
}

/** The ways in which inputs of operations name their product. */
interface NamesProduct {
  readonly productCode?: string;
  readonly usageRecords?: readonly Pick<UsageRecord, "licenseArn">[];
}

/** The product that an input is about: by its code, or by a licence, as a batch may name it. */
export function productNamed(
  { productCode, usageRecords = [] }: NamesProduct,
  catalogue: CatalogueView,
): string | undefined {
  if (productCode !== undefined) return productCode;
  const licenseArn = usageRecords.find((record) => record.licenseArn !== undefined)?.licenseArn;
  return licenseArn === undefined ? undefined : catalogue.agreementByLicense(licenseArn)?.productCode;
}

/**
 * The product of the caller's own that a request names by licences of its customers only. Undefined for another seller's:
 * its caller reads the entry in the trail, and is not told whose licence that is.
 */
export function licensedProduct(
  { accountId }: Pick<Call, "accountId">,
  request: NamesProduct | undefined,
  catalogue: CatalogueView,
): string | undefined {
  if (request === undefined || request.productCode !== undefined) return undefined;
  const productCode = productNamed(request, catalogue);
  return productCode !== undefined && catalogue.product(productCode)?.seller === accountId ? productCode : undefined;
}

/** Keeps a refusal that needed no facts, and answers with it when that is durable. */
export function recordRefusal<Code extends ErrorCode = ErrorName>(
  ledger: Ledger,
  call: Call,
  rejected: Rejection<Code>,
  request: Asked | undefined,
): Promise<Answer<never, Code>> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue }) => refused<never, Code>(rejected, request, licensedProduct(call, request, catalogue)),
  });
}
