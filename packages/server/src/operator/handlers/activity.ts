/** The activity: every kept call and change, as it is kept. */
import { parseEventId } from "../activity/event-ids.ts";
import type { OperatorContext } from "../context.ts";
import type { activityRoutes } from "../contract/ledger/activity.ts";
import { ACTIVITY_READERS_MAX } from "../contract/values.ts";
import { ProblemError } from "../problem.ts";
import { EventsAnswer, type Handlers } from "../serve-routes.ts";

const RETRY_SECONDS = 5;
/**
 * How long a browser waits before it connects again, and the id from which it goes on then, because it may be cut off before the
 * first event. This is sent first, so that the answer begins at once.
 */
function first(lastId: string | undefined): Buffer {
  return Buffer.from(`retry: 1000\n${lastId === undefined ? "" : `id: ${lastId}\n`}\n`);
}

export function activityHandlers({ activity }: OperatorContext): Handlers<keyof typeof activityRoutes> {
  return {
    "GET /activity": async ({ query, request }): Promise<EventsAnswer> => {
      const lastEventId = request.header("last-event-id") ?? "";
      const from = lastEventId === "" ? undefined : parseEventId(lastEventId);
      if (lastEventId !== "" && from === undefined) {
        throw new ProblemError(
          400,
          "The header Last-Event-ID holds no id of an event of this feed; leave it out to begin now.",
        );
      }
      // A request for the headers alone adds no reader.
      if (request.raw.method === "HEAD")
        return new EventsAnswer(
          () => Promise.resolve(undefined),
          () => undefined,
        );
      const reader = await activity.open(query, from);
      if (reader === undefined) {
        const message = `${ACTIVITY_READERS_MAX} readers are as many as there can be at once; try again when one has gone.`;
        throw new ProblemError(503, message, { retryAfterSeconds: RETRY_SECONDS });
      }
      let isFirst = true;
      const startsAt = reader.lastId;
      const next = (): Promise<Uint8Array | undefined> => {
        if (!isFirst) return reader.next();
        isFirst = false;
        return Promise.resolve(first(startsAt));
      };
      return new EventsAnswer(next, () => reader.end());
    },
  };
}
