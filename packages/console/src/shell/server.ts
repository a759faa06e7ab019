/** What is known of the server on every screen. */
import { isGone, useAnswer } from "../api/calls.ts";

interface KnownServer {
  readonly isLab: boolean;
  /** Whether this token may change anything. */
  readonly mayChange: boolean;
  readonly clockMode: "system" | "manual" | "offset" | undefined;
  readonly now: string | undefined;
  /** Whether it does not answer. */
  readonly isAway: boolean;
}

export function useServer(): KnownServer {
  const { data, error } = useAnswer("GET /server", undefined);
  return {
    // A reader's token sees nothing of a lab.
    isLab: data?.lab === true && data.you.role === "operator",
    mayChange: data?.you.role === "operator",
    clockMode: data?.clock.mode,
    now: data?.clock.now,
    isAway: isGone(error),
  };
}
