/** Reads server-sent events from a connection piece by piece, as the standard defines them. */

interface ReceivedEvent {
  /** The id of the newest event that had one. */
  readonly lastId: string | undefined;
  /** The event's kind; `message` where the event names none. */
  readonly kind: string;
  readonly data: string;
}

/** Our server's events are far smaller: an entry has at most 1 MiB, and twice that as text within text. */
const EVENT_CHARACTERS_MAX = 8_388_608;

/** Reads the events of a connection that began after the event `lastId`. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  lastId: string | undefined,
  { onRetry, onId }: { readonly onRetry: (ms: number) => void; readonly onId: (id: string) => void },
): AsyncGenerator<ReceivedEvent, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let id = lastId;
  let kind = "";
  let data: string[] = [];
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    if (rest.length > EVENT_CHARACTERS_MAX) throw new Error("An event is larger than any that a server sends.");
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const line = text.endsWith("\r") ? text.slice(0, -1) : text;
      if (line === "") {
        // An id counts once its block has ended, with data or without.
        if (id !== undefined) onId(id);
        if (data.length > 0) yield { lastId: id, kind: kind === "" ? "message" : kind, data: data.join("\n") };
        kind = "";
        data = [];
        continue;
      }
      const at = line.indexOf(":");
      const field = at === -1 ? line : line.slice(0, at);
      const value = at === -1 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (field === "data") data.push(value);
      else if (field === "event") kind = value;
      else if (field === "id") id = value;
      else if (field === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
    }
  }
}
