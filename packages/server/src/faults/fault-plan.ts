/** The faults that are in force, and how often each has hit. They are in memory only: a restart and a reset remove them. */
import { goTogether, isFor, type FaultHit, type FaultTarget, type InjectedFault } from "../domain/injected-fault.ts";

export interface PlannedFault {
  readonly fault: InjectedFault;
  /** How many requests the fault has hit so far. */
  readonly hits: number;
}

interface FaultPlanOptions {
  /** A number from 0 to 1, 1 not included. */
  readonly draw: () => number;
  /** Called for each hit. */
  readonly onHit: (operation: string, hit: FaultHit) => void;
}

export const FAULTS_MAX = 100;

const NONE: readonly FaultHit[] = [];

export class FaultPlan {
  readonly #options: FaultPlanOptions;
  /** In the order of their creation. */
  readonly #planned = new Map<string, { readonly fault: InjectedFault; hits: number }>();

  constructor(options: FaultPlanOptions) {
    this.#options = options;
  }

  list(): readonly PlannedFault[] {
    return [...this.#planned.values()];
  }

  find(faultId: string): PlannedFault | undefined {
    return this.#planned.get(faultId);
  }

  /** Answers whether there was room. If the plan is full, the first fault that is used up is removed. */
  add(fault: InjectedFault): boolean {
    if (this.#planned.size >= FAULTS_MAX) {
      const usedUp = this.list().find(isUsedUp);
      if (usedUp === undefined) return false;
      this.#planned.delete(usedUp.fault.faultId);
    }
    this.#planned.set(fault.faultId, { fault, hits: 0 });
    return true;
  }

  remove(faultId: string): void {
    this.#planned.delete(faultId);
  }

  clear(): void {
    this.#planned.clear();
  }

  /** The faults that hit a request: the first matching ones that go together. Counts each hit. */
  hit(targetOf: () => FaultTarget): readonly FaultHit[] {
    if (this.#planned.size === 0) return NONE;
    const target = targetOf();
    const hits: FaultHit[] = [];
    for (const planned of this.#planned.values()) {
      const { fault } = planned;
      if (isUsedUp(planned) || !isFor(fault, target)) continue;
      if (!hits.every(({ kind }) => goTogether(kind, fault.kind))) continue;
      if (fault.probability !== undefined && this.#options.draw() >= fault.probability) continue;
      planned.hits += 1;
      const { faultId, kind, delayMs, records } = fault;
      const hit: FaultHit = { faultId, kind, delayMs, records };
      hits.push(hit);
      this.#options.onHit(target.operation, hit);
    }
    return hits;
  }
}

function isUsedUp({ fault, hits }: PlannedFault): boolean {
  return fault.count !== undefined && hits >= fault.count;
}
