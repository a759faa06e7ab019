/** When whoever reads what a command prints has had enough of it. */

/** Aborted by SIGINT or SIGTERM, or once the pipe is closed. */
export function endOfInterest(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.stdout.once("error", end);
  process.stdout.once("close", end);
  return controller.signal;
}
