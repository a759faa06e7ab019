/**
 * The activity as it happens: server-sent events, read by `fetch`, since an `EventSource` cannot carry a token in a header. A
 * connection that ends is begun again, from the last event that was read.
 */
import { useEffect, useRef, useState } from "react";
import { askRaw } from "./calls.ts";
import { EventReader, type ServerEvent } from "./event-reader.ts";

/** What a feed does: nothing yet, reads, or tries to get there again. */
export type FeedState = "connecting" | "live" | "lost";

/** Events are handed on in groups, so that a thousand a second are drawn a few times a second. */
const GROUP_MS = 250;
const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 3_000;

interface FeedOptions {
  /** Filters that the server applies; another text is another feed. */
  readonly query: string;
  readonly isOn: boolean;
  readonly onEvents: (events: readonly ServerEvent[]) => void;
}

export function useFeed({ query, isOn, onEvents }: FeedOptions): FeedState {
  const [state, setState] = useState<FeedState>("connecting");
  const handler = useRef(onEvents);
  useEffect(() => {
    handler.current = onEvents;
  });
  useEffect(() => {
    if (!isOn) return undefined;
    const ending = new AbortController();
    let waiting: ServerEvent[] = [];
    const handOn = setInterval(() => {
      if (waiting.length === 0) return;
      const events = waiting;
      waiting = [];
      handler.current(events);
    }, GROUP_MS);
    void follow(query, ending.signal, setState, (event) => waiting.push(event));
    return () => {
      ending.abort();
      clearInterval(handOn);
    };
  }, [query, isOn]);
  return state;
}

async function follow(
  query: string,
  signal: AbortSignal,
  onState: (state: FeedState) => void,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  let lastId: string | undefined;
  let againMs = AGAIN_MS_MIN;
  while (!signal.aborted) {
    try {
      const headers = { accept: "text/event-stream", ...(lastId === undefined ? {} : { "last-event-id": lastId }) };
      const response = await askRaw(`/activity${query}`, { headers, signal });
      if (response.status === 401) return;
      if (!response.ok || response.body === null) throw new Error(`The feed answered ${response.status}.`);
      onState("live");
      againMs = AGAIN_MS_MIN;
      const reader = new EventReader((event) => {
        lastId = event.id ?? lastId;
        onEvent(event);
      });
      const texts = response.body.pipeThrough(new TextDecoderStream());
      for await (const piece of texts) reader.take(piece);
    } catch {
      if (signal.aborted) return;
    }
    onState("lost");
    await waitFor(againMs, signal);
    againMs = Math.min(againMs * 2, AGAIN_MS_MAX);
  }
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
