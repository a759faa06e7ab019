/**
 * Decides whether a caller may call a route: readers' tokens may only read, and lab routes need a lab. Keeps an entry that a
 * reader's token was used to read the audit trail, once for each token, route and hour.
 */
import { HOUR_MS } from "@countinghouse/protocol";
import type { Context } from "hono";
import { READ_TRAIL } from "../audit/audited-operations.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import type { Route } from "./contract/route.ts";
import { ProblemError } from "./problem.ts";

export class Admission {
  readonly #context: OperatorContext;
  #hour = Number.NEGATIVE_INFINITY;
  /** The entries of this hour that were kept or are being kept, by token and route. */
  #noted = new Map<string, Promise<void>>();

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  /** Throws ProblemError with status 403. */
  async admit(c: Context<OperatorEnv>, name: string, route: Route): Promise<void> {
    const { role } = c.var;
    if (role === "reader" && !isForReaders(name, route)) {
      throw new ProblemError(
        403,
        "This token may only read; what changes anything, or is of a lab, needs the operator's.",
      );
    }
    if (route.lab === true && !this.#context.lab) throw new ProblemError(403, "This is of a lab: it needs --lab.");
    if (role === "reader" && route.showsTrail === true) await this.#note(c, name);
  }

  /** The entry is kept before anything is shown, so that no reading of the trail goes unrecorded. */
  #note(c: Context<OperatorEnv>, route: string): Promise<void> {
    const { ledger, wallMs } = this.#context;
    const hour = Math.floor(wallMs() / HOUR_MS);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#noted = new Map();
    }
    const noted = this.#noted;
    const key = `${c.var.principal}\n${route}`;
    const before = noted.get(key);
    if (before !== undefined) return before;
    const event = { kind: "trail-read" as const, route };
    const work = { call: c.var.call(READ_TRAIL), keys: [], decide: () => ({ event, answer: undefined }) };
    const noting = ledger.transact<undefined>(work);
    noted.set(key, noting);
    // If the entry could not be kept, the next call of a reader tries again.
    noting.catch(() => noted.delete(key));
    return noting;
  }
}

function isForReaders(name: string, { lab, readers }: Route): boolean {
  return lab !== true && (readers ?? name.startsWith("GET "));
}
