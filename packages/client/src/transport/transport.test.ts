/** What a socket's error says of a request: whether it was sent, and what went wrong. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { Connection } from "./connection.ts";
import { connectionTrouble, type TransportError } from "./transport.ts";

const lost = (code: string): Error => Object.assign(new Error(`read ${code}`), { code });

test("an error without a text is told by its code", () => {
  const all = Object.assign(new AggregateError([lost("ECONNREFUSED")]), { code: "ECONNREFUSED" });
  expect(connectionTrouble(all)).toMatchObject({ message: "ECONNREFUSED", maySucceed: false });
  expect(connectionTrouble(new Error("")).message).toBe("Error");
});

/** A socket that behaves as if a network cable had been pulled. */
class PulledSocket extends EventEmitter {
  readonly setNoDelay = (): void => undefined;
  readonly ref = (): void => undefined;
  readonly write = (): boolean => true;
  readonly destroy = (): void => undefined;
}

test.each(["EHOSTUNREACH", "ENETUNREACH"])("%s may come after the request was sent, or before", (code) => {
  for (const connected of [true, false]) {
    const socket = new PulledSocket();
    const connection = new Connection(socket as unknown as Socket, "connect", () => undefined);
    const troubles: TransportError[] = [];
    const url = new URL("http://127.0.0.1:9");
    const request = {
      method: "POST",
      url,
      headers: [],
      body: "{}",
      connectTimeoutMs: 1,
      timeoutMs: 1,
      signal: undefined,
    };
    connection.send(
      request,
      () => undefined,
      (trouble) => troubles.push(trouble),
    );
    if (connected) socket.emit("connect");
    socket.emit("error", lost(code));
    expect(troubles).toMatchObject([{ trouble: "connection", maySucceed: connected }]);
  }
});
