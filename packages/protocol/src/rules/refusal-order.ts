/**
 * The order in which an operation refuses: a request with several things wrong gets the first of its list. Rules that
 * hold before an operation is known, or that are of the signature, stand first and are the same for all.
 */
import type { OperationName } from "./product-operations.ts";
import type { RuleId } from "./rule-book.ts";

type RefusingOperation = OperationName | "LookupEvents";

/** What no operation can do without: a bounded body that is JSON, and a signature; a permission, and the right members. */
const SIGNED: readonly RuleId[] = ["L1", "D4", "N2", "N1"];
const PERMITTED: readonly RuleId[] = ["N3", "D3", "L5"];

export const refusalOrder: Readonly<Record<RefusingOperation, readonly RuleId[]>> = {
  BatchMeterUsage: [
    ...SIGNED,
    "Q2",
    ...PERMITTED,
    "R1",
    "I1",
    "I3",
    "I2",
    "P1",
    "I5",
    "P2",
    "I4",
    "U1",
    "W3",
    "W1",
    "W4",
    "W2",
    "A5",
    "A2",
    "A1",
    "I6",
  ],
  MeterUsage: [
    ...SIGNED,
    "Q2",
    ...PERMITTED,
    "X1",
    "M1",
    "M2",
    "P2",
    "M3",
    "U1",
    "W3",
    "W1",
    "A5",
    "A2",
    "A1",
    "M4",
    "M5",
    "M6",
  ],
  RegisterUsage: [...SIGNED, "Q3", ...PERMITTED, "X2", "Y1", "Y2", "P2", "Y3", "Y4"],
  ResolveCustomer: [...SIGNED, ...PERMITTED, "T2", "T3", "P2", "T1"],
  GetEntitlements: [...SIGNED, ...PERMITTED, "E3", "E5"],
  LookupEvents: [...SIGNED, "Q4", ...PERMITTED, "V2", "V6", "V4", "V3", "V5"],
};
