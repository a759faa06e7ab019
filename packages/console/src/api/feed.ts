/**
 * The activity as it happens, read by the client of the operator API: a connection that ends, or is silent for too long, is begun
 * again from the last event that was read.
 */
import { useEffect, useRef, useState } from "react";
import type { EventOf, RequestTo } from "countinghouse/operator";
import { clientWith } from "./calls.ts";

/** What a feed does: nothing yet, reads, or tries to get there again. */
export type FeedState = "connecting" | "live" | "lost";

export type FeedEvent = EventOf<"GET /activity">;
type Query = RequestTo<"GET /activity">["query"];

/** Events are handed on in groups, so that a thousand a second are drawn a few times a second. */
const GROUP_MS = 250;
const AGAIN_MS = 3_000;

interface FeedOptions {
  /** Filters that the server applies, for as long as this is shown. */
  readonly query: Query;
  /** Whether it is to be read: not while it is paused, nor while the server is gone. */
  readonly isOn: boolean;
  readonly onEvents: (events: readonly FeedEvent[]) => void;
}

export function useFeed({ query, isOn, onEvents }: FeedOptions): FeedState {
  const [state, setState] = useState<FeedState>("connecting");
  const latest = useRef({ query, onEvents });
  const lastEventId = useRef<string>(undefined);
  useEffect(() => {
    latest.current = { query, onEvents };
  });
  useEffect(() => {
    if (!isOn) return undefined;
    const ending = new AbortController();
    let waiting: FeedEvent[] = [];
    const handOn = setInterval(() => {
      if (waiting.length === 0) return;
      const events = waiting;
      waiting = [];
      latest.current.onEvents(events);
    }, GROUP_MS);
    const read = async (): Promise<void> => {
      const client = clientWith((input, init) => watched(setState, input, init));
      const request = { query: latest.current.query, lastEventId: lastEventId.current, signal: ending.signal };
      for await (const event of client.events("GET /activity", request)) {
        lastEventId.current = event.id ?? lastEventId.current;
        waiting.push(event);
      }
    };
    void again(read, ending.signal);
    return () => {
      ending.abort();
      clearInterval(handOn);
      if (waiting.length > 0) latest.current.onEvents(waiting);
      setState("lost");
    };
  }, [isOn]);
  return state;
}

/** Whatever the client gives up on is begun anew, for as long as somebody looks. */
async function again(read: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await read().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** A connection that tells when it begins and when it ends. */
async function watched(
  onState: (state: FeedState) => void,
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Response> {
  const lost = (): void => {
    if (init?.signal?.aborted !== true) onState("lost");
  };
  try {
    const response = await fetch(input, init);
    if (!response.ok || response.body === null) return response;
    onState("live");
    return new Response(ended(response.body, lost), response);
  } catch (error) {
    lost();
    throw error;
  }
}

function ended(body: ReadableStream<Uint8Array<ArrayBuffer>>, onEnd: () => void): ReadableStream {
  const reader = body.getReader();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.read().catch((error: unknown) => {
        onEnd();
        throw error;
      });
      if (value !== undefined) controller.enqueue(value);
      if (!done) return;
      onEnd();
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
