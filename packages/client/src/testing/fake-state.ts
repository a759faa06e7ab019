/** The state of a fake market, and its refusals. */
import type { ErrorName, RuleSet, UsageRecord } from "@countinghouse/protocol";
import type { FakeCustomer, FakeFault, FakeMeteringRecord, FakeProduct } from "./fake-market.ts";

/** A metering record, and the record as it was sent. */
export interface Kept {
  readonly kept: FakeMeteringRecord;
  readonly sent: UsageRecord;
}

export interface FakeState {
  readonly products: readonly FakeProduct[] | undefined;
  readonly customers: readonly FakeCustomer[] | undefined;
  readonly now: () => number;
  readonly rules: RuleSet;
  readonly records: FakeMeteringRecord[];
  readonly byKey: Map<string, Kept>;
  readonly faults: FakeFault[];
}

/** Thrown inside the market, and answered as the service's error. */
export class Refusal extends Error {
  readonly code: ErrorName;

  constructor(code: ErrorName, message: string) {
    super(message);
    this.code = code;
  }
}
