/** Notices when the reader of a command's output stops reading. */

/** A signal that SIGINT, SIGTERM or the closed pipe aborts. */
export function endOfInterest(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  process.stdout.once("error", end);
  process.stdout.once("close", end);
  return controller.signal;
}
