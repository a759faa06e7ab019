import { expect, test } from "vitest";
import { EventReader, type ServerEvent } from "./event-reader.ts";

function read(pieces: readonly string[]): ServerEvent[] {
  const events: ServerEvent[] = [];
  const reader = new EventReader((event) => events.push(event));
  for (const piece of pieces) reader.take(piece);
  return events;
}

const TEXT =
  ': a comment\n\nid: 7\ndata: {"a":\ndata: 1}\n\nevent: gap\nid: 8\ndata: more: than one colon\n\ndata: not yet whole';

test.each([1, 2, 3, 7, 1_000])("events are the same, whatever pieces they come in: %d characters", (size) => {
  const pieces = Array.from({ length: Math.ceil(TEXT.length / size) }, (_, i) => TEXT.slice(i * size, (i + 1) * size));
  expect(read(pieces)).toEqual([
    { id: "7", kind: "message", data: '{"a":\n1}' },
    { id: "8", kind: "gap", data: "more: than one colon" },
  ]);
});

test("lines may end as they do on the wire, and an event may have no id", () => {
  expect(read(["data: x\r\n\r\n"])).toEqual([{ id: undefined, kind: "message", data: "x" }]);
});
