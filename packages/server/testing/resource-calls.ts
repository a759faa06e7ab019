/** Calls of metered resources to the operations directly, over a ledger of any store. */
import type { EpochMs, MeterUsageInput, RegisterUsageInput } from "@countinghouse/protocol";
import type { CatalogueChange } from "../src/domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../src/domain/resources/metered-resource.ts";
import { METERED_CONTAINER, HOURLY_CONTAINER, callerOf, resourceMarket } from "./container-market.ts";
import { newCall, place, put } from "./contract/works.ts";
import { START_MS } from "./contract/ledger-under-test.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import type { AccountCall } from "../src/operations/operation.ts";
import { meterUsageOperation } from "../src/operations/meter-usage.ts";
import { registerUsageOperation, type SignRegistration } from "../src/operations/register-usage.ts";

const KEY: CatalogueChange = {
  kind: "registration-key",
  id: "1",
  value: { version: 1, publicKey: "public", sealedPrivateKey: "sealed", createdAtMs: 0 },
};

/** Answers what it was asked to sign; the real signer has tests of its own. */
const signLegibly: SignRegistration = (key, claims) => Promise.resolve(JSON.stringify([key.version, claims]));

function callOf(resource: MeteredResource, operation: string): AccountCall {
  const { callerAccountId: accountId, region, session } = callerOf(resource);
  const principal = `arn:aws:sts::${accountId}:assumed-role/metering/${resource.externalId}`;
  return { ...newCall(), operation, principal, accountId, region, session };
}

export async function putAll(ledger: Ledger, changes: readonly CatalogueChange[]): Promise<void> {
  await ledger.transact(put(changes));
}

/** Opens a market in which these resources run. */
export async function openMarket(ledger: Ledger, ...resources: readonly MeteredResource[]): Promise<void> {
  await putAll(ledger, [...resourceMarket(), KEY]);
  await ledger.transact(place(resources));
}

export function sent(over: Partial<MeterUsageInput> = {}, timestampMs: EpochMs = START_MS): MeterUsageInput {
  return { productCode: METERED_CONTAINER, usageDimension: "gb", usageQuantity: 1, timestampMs, ...over };
}

/** The answered id, or the error's name. */
export async function meter(ledger: Ledger, resource: MeteredResource, input: MeterUsageInput): Promise<string> {
  const { rejected, output } = await meterUsageOperation(ledger)(callOf(resource, "MeterUsage"), input);
  return rejected?.code ?? output?.meteringRecordId ?? "";
}

/** The answered signature, or the error's name. */
export async function register(
  ledger: Ledger,
  resource: MeteredResource,
  input: Partial<RegisterUsageInput> = {},
): Promise<string> {
  const asked = { productCode: HOURLY_CONTAINER, publicKeyVersion: 1, ...input };
  const { rejected, output } = await registerUsageOperation(ledger, signLegibly)(
    callOf(resource, "RegisterUsage"),
    asked,
  );
  return rejected?.code ?? output?.signature ?? "";
}
