/** Faults on demand: what is asked for, and which requests it is for. Rule F1. */

export const FAULT_KINDS = ["throttle", "internal-error", "unprocessed", "delay", "drop-answer"] as const;

/**
 * `throttle` and `internal-error` refuse the request; `unprocessed` gives records of a batch back undecided; `delay`
 * and `drop-answer` leave the request as it is and keep its answer back, for a while or for good.
 */
type FaultKind = (typeof FAULT_KINDS)[number];

export interface InjectedFault {
  /** Also the id of the request that asked for it. */
  readonly faultId: string;
  readonly operation: string;
  readonly kind: FaultKind;
  /** Requests it hits before it is used up; undefined for no end. */
  readonly count?: number | undefined;
  /** Of the requests it is for, the share that it hits; undefined for all. */
  readonly probability?: number | undefined;
  /** For `delay`. */
  readonly delayMs?: number | undefined;
  /** For `unprocessed`: how many records are given back, from the end of the request; undefined for all. */
  readonly records?: number | undefined;
  /** The requests it is for; undefined for all of the operation. */
  readonly match?: { readonly productCode?: string | undefined; readonly accountId?: string | undefined } | undefined;
}

/** That a fault hit a request: what is kept of it with the request. */
export type FaultHit = Pick<InjectedFault, "faultId" | "kind" | "delayMs" | "records">;

/** A request, as far as faults tell one from another. */
export interface FaultTarget {
  readonly operation: string;
  /** The caller's. */
  readonly accountId: string;
  /** Undefined where the request names none. */
  readonly productCode: string | undefined;
}

export function isFor(fault: InjectedFault, target: FaultTarget): boolean {
  const { productCode = target.productCode, accountId = target.accountId } = fault.match ?? {};
  return fault.operation === target.operation && productCode === target.productCode && accountId === target.accountId;
}

/** Waiting goes with any other fault; two others would contradict each other. */
export function goTogether(kind: FaultKind, other: FaultKind): boolean {
  return (kind === "delay") !== (other === "delay");
}

const NONE: readonly never[] = [];

/** The records that are decided, and those that a fault gives back. */
export function setAside<T>(
  records: readonly T[],
  faults: readonly FaultHit[] = NONE,
): readonly [decided: readonly T[], back: readonly T[]] {
  const fault = faults.find(({ kind }) => kind === "unprocessed");
  if (fault === undefined) return [records, NONE];
  const decided = fault.records === undefined ? 0 : Math.max(records.length - fault.records, 0);
  return [records.slice(0, decided), records.slice(decided)];
}
