/** Runs verifications of the audit trail one at a time, and holds the last one's result. */
import type { EpochMs } from "@countinghouse/protocol";
import type { AuditVerification } from "../checkpoints/audit-verification.ts";
import type { OnRead } from "../ledger/verification.ts";

export interface VerificationJob {
  readonly id: string;
  readonly startedAtMs: EpochMs;
  readonly startedBy: string;
  readonly entriesTotal: number;
  readonly entriesRead: number;
  readonly endedAtMs?: EpochMs | undefined;
  readonly result?: AuditVerification | undefined;
  readonly problem?: string | undefined;
}

interface JobsOptions {
  readonly verify: (onRead: OnRead) => Promise<AuditVerification>;
  readonly newId: () => string;
  /** Wall clock. */
  readonly wallMs: () => EpochMs;
}

export class VerificationJobs {
  readonly #options: JobsOptions;
  #running: VerificationJob | undefined;
  #found: Promise<AuditVerification> | undefined;
  #beginning: Promise<VerificationJob> | undefined;
  #last: VerificationJob | undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** The verification that is under way, and the last one that has ended. */
  get all(): readonly VerificationJob[] {
    return [this.#running, this.#last].filter((job) => job !== undefined);
  }

  find(id: string): VerificationJob | undefined {
    return this.all.find((job) => job.id === id);
  }

  /** Answers the verification that is under way, or begins a new one. */
  begin(startedBy: string): Promise<VerificationJob> {
    if (this.#running !== undefined) return Promise.resolve(this.#running);
    this.#beginning ??= this.#begin(startedBy).finally(() => (this.#beginning = undefined));
    return this.#beginning;
  }

  /** Begins a verification, if none is under way, and waits for its end. */
  async result(startedBy: string): Promise<AuditVerification> {
    await this.begin(startedBy);
    return this.#found as Promise<AuditVerification>;
  }

  async #begin(startedBy: string): Promise<VerificationJob> {
    const { verify, newId, wallMs } = this.#options;
    let job: VerificationJob = { id: newId(), startedAtMs: wallMs(), startedBy, entriesTotal: 0, entriesRead: 0 };
    this.#running = job;
    const counted = Promise.withResolvers<void>();
    const found = verify((entriesRead, entriesTotal) => {
      job = { ...job, entriesRead, entriesTotal };
      if (this.#running !== undefined) this.#running = job;
      counted.resolve();
    });
    this.#found = found;
    const end = (ended: Pick<VerificationJob, "result" | "problem" | "entriesRead" | "entriesTotal">): void => {
      job = { ...job, ...ended, endedAtMs: wallMs() };
      this.#last = job;
      this.#running = undefined;
      counted.resolve();
    };
    void found.then(
      (result) => {
        const { entries } = result;
        end({ result, entriesRead: entries, entriesTotal: Math.max(entries, job.entriesTotal) });
      },
      (error: Error) => end({ problem: error.message.split("\n", 1)[0], ...readIn(job) }),
    );
    // The verification itself says how many entries there are.
    await counted.promise;
    return job;
  }
}

function readIn({ entriesRead, entriesTotal }: VerificationJob): Pick<VerificationJob, "entriesRead" | "entriesTotal"> {
  return { entriesRead, entriesTotal };
}

/** The state of a job in answers. */
export function stateOf({ endedAtMs, result }: VerificationJob): "running" | "done" | "failed" {
  if (endedAtMs === undefined) return "running";
  return result === undefined ? "failed" : "done";
}
