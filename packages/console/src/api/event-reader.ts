/** Server-sent events, read from a text that comes in pieces. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: string;
}

/** Events in a text that comes in pieces. A comment is none. */
export class EventReader {
  #rest = "";
  readonly #onEvent: (event: ServerEvent) => void;

  constructor(onEvent: (event: ServerEvent) => void) {
    this.#onEvent = onEvent;
  }

  take(piece: string): void {
    const parts = (this.#rest + piece.replaceAll("\r\n", "\n")).split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.#read(part);
  }

  #read(part: string): void {
    let id: string | undefined;
    let kind = "message";
    const data: string[] = [];
    for (const line of part.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === "data") data.push(value);
      else if (name === "id") id = value;
      else if (name === "event") kind = value;
    }
    if (data.length > 0) this.#onEvent({ id, kind, data: data.join("\n") });
  }
}
