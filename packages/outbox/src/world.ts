/** What comes in from outside: time, names, and what a program wants to hear. Replaced in tests, so that all can be replayed. */
import { randomUUID } from "node:crypto";

/** Any part of it will do; `console` does. Nothing secret is ever logged. */
export interface Logger {
  debug?(message: string): void;
  info?(message: string): void;
  warn?(message: string): void;
  error?(message: string): void;
}

/** Places in the work of a sender, at each of which a process may end: nothing is lost or sent otherwise for it. */
type Point =
  | "run-begun"
  | "readings-assigned"
  | "entry-frozen"
  | "entry-dissolved"
  | "readings-released"
  | "late-ended"
  | "attempts-begun"
  | "answered"
  | "attempts-ended"
  | "settled";

export interface World {
  /** This machine's clock, in milliseconds since the epoch. */
  readonly machineMs: () => number;
  /** For durations, in milliseconds, whatever is done to the clock. */
  readonly monotonicMs: () => number;
  readonly uuid: () => string;
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly delay: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Is told where the work has come to. */
  readonly reached: (point: Point) => void;
}

export const realWorld: World = {
  machineMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  uuid: () => randomUUID(),
  delay: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", done, { once: true });
    }),
  reached: () => undefined,
};
