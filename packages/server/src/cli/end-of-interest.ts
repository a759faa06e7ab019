/** Notices when the reader of a command's output stops reading. */

/** A signal that SIGINT, SIGTERM or the closed pipe aborts. `onInterrupted` is told before by which of the two. */
export function endOfInterest(onInterrupted?: (by: "SIGINT" | "SIGTERM") => void): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      onInterrupted?.(signal);
      end();
    });
  }
  process.stdout.once("error", end);
  process.stdout.once("close", end);
  return controller.signal;
}
