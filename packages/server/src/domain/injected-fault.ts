/** Faults on demand: what each does, and which requests it hits. Rule F1. */

export const FAULT_KINDS = ["throttle", "internal-error", "unprocessed", "delay", "drop-answer"] as const;

/**
 * `throttle` and `internal-error` refuse the request. `unprocessed` gives records of a batch back undecided. `delay` and
 * `drop-answer` let the request be done, and hold its answer back, for a while or for good.
 */
type FaultKind = (typeof FAULT_KINDS)[number];

export interface InjectedFault {
  /** The id of the request that added the fault. */
  readonly faultId: string;
  readonly operation: string;
  readonly kind: FaultKind;
  /** How many requests it hits before it is used up; undefined for no limit. */
  readonly count?: number | undefined;
  /** The share of the matching requests that it hits; undefined for all. */
  readonly probability?: number | undefined;
  /** For `delay`. */
  readonly delayMs?: number | undefined;
  /** For `unprocessed`: how many records are given back, from the end of the request; undefined for all. */
  readonly records?: number | undefined;
  /** Which requests match; undefined for all of the operation. */
  readonly match?: { readonly productCode?: string | undefined; readonly accountId?: string | undefined } | undefined;
}

/** What a request's entry keeps of a fault that hit the request. */
export type FaultHit = Pick<InjectedFault, "faultId" | "kind" | "delayMs" | "records">;

/** A request, as far as the matching of faults needs it. */
export interface FaultTarget {
  readonly operation: string;
  /** The caller's account. */
  readonly accountId: string;
  /** Undefined where the request names none. */
  readonly productCode: string | undefined;
}

export function isFor(fault: InjectedFault, target: FaultTarget): boolean {
  const { productCode = target.productCode, accountId = target.accountId } = fault.match ?? {};
  return fault.operation === target.operation && productCode === target.productCode && accountId === target.accountId;
}

/** A delay goes with any other fault; two others would contradict each other. */
export function goTogether(kind: FaultKind, other: FaultKind): boolean {
  return (kind === "delay") !== (other === "delay");
}

const NONE: readonly never[] = [];

/** The records to be decided, and those that a fault gives back. */
export function setAside<T>(
  records: readonly T[],
  faults: readonly FaultHit[] = NONE,
): readonly [decided: readonly T[], back: readonly T[]] {
  const fault = faults.find(({ kind }) => kind === "unprocessed");
  if (fault === undefined) return [records, NONE];
  const decided = fault.records === undefined ? 0 : Math.max(records.length - fault.records, 0);
  return [records.slice(0, decided), records.slice(decided)];
}
