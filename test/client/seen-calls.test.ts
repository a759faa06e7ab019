/** What a client tells of its calls: to a logger, to a hook, in an answer; and its own transport, wrapped. */
import {
  defaultTransport,
  type AttemptReport,
  type LogEntry,
  type Logger,
  type Transport,
  type TransportRequest,
} from "@countinghouse/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, quickWorld } from "../support/client.ts";
import { listen, wireError, type Script } from "../support/listener.ts";

const token = { registrationToken: "secret-token" };
const once: Script = (_request, index) =>
  index === 0 ? wireError("ThrottlingException") : { body: { ProductCode: "p" } };

const fail = (): never => {
  throw new Error("the disk is full");
};

const later = async (): Promise<never> => {
  await Promise.resolve();
  return fail();
};

function heardBy(): { readonly logger: Logger; readonly lines: (readonly [string, string, LogEntry | undefined])[] } {
  const lines: (readonly [string, string, LogEntry | undefined])[] = [];
  const level = (name: string) => (message: string, entry?: LogEntry) => void lines.push([name, message, entry]);
  return { lines, logger: { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") } };
}

describe("a logger", () => {
  test("is told of what is sent again, and of what succeeds, with what it can be searched by", async () => {
    const listener = await listen(once);
    const { logger, lines } = heardBy();
    await clientOf(listener.url, { logger, world: quickWorld().world }).resolveCustomer(token);
    const of = { operation: "ResolveCustomer", durationMs: expect.any(Number) as number };
    expect(lines).toEqual([
      [
        "info",
        "ResolveCustomer: ThrottlingException, sent again in 500 ms (attempt 1).",
        {
          ...of,
          attempts: 1,
          requestId: "request-1",
          status: 400,
          errorName: "ThrottlingException",
          mayHaveSucceeded: false,
          retryInMs: 500,
        },
      ],
      ["debug", "ResolveCustomer: done.", { ...of, attempts: 2, requestId: "request-2", status: 200 }],
    ]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  test("is told of what fails", async () => {
    const listener = await listen(() => wireError("InvalidTokenException"));
    const { logger, lines } = heardBy();
    await clientOf(listener.url, { logger }).resolveCustomerOutcome(token);
    expect(lines).toMatchObject([
      [
        "warn",
        "ResolveCustomer: InvalidTokenException: So it is.",
        { requestId: "request-1", errorName: "InvalidTokenException" },
      ],
    ]);
  });

  test("that throws, and a hook that does, end no call", async () => {
    const listener = await listen(once);
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const client = clientOf(listener.url, { logger, onAttempt: fail, world: quickWorld().world });
    expect(await client.resolveCustomerOutcome(token)).toMatchObject({ ok: true, metadata: { attempts: 2 } });
  });
});

test("a logger and a hook that are async, and reject, end neither the call nor the program", async () => {
  const listener = await listen(once);
  const rejected: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void rejected.push(reason);
  process.on("unhandledRejection", onUnhandled);
  onTestFinished(() => void process.off("unhandledRejection", onUnhandled));
  const { lines, logger } = heardBy();
  const hooked = clientOf(listener.url, { logger, onAttempt: () => later() as never, world: quickWorld().world });
  await hooked.resolveCustomer(token);
  await clientOf(listener.url, { logger: { debug: later, warn: later } }).resolveCustomer(token);
  // A rejection that nobody hears is told of in a turn of its own.
  await new Promise((resolve) => void setTimeout(resolve, 0));
  expect(rejected).toEqual([]);
  expect(lines.filter(([level]) => level === "error").map(([, message]) => message)).toEqual([
    "onAttempt failed: Error: the disk is full",
    "onAttempt failed: Error: the disk is full",
  ]);
});

test("onAttempt is told of every attempt, the last one, too", async () => {
  const listener = await listen(once);
  const reports: AttemptReport[] = [];
  const onAttempt = (report: AttemptReport) => void reports.push(report);
  const { metadata } = await clientOf(listener.url, { onAttempt, world: quickWorld().world }).resolveCustomer(token);
  expect(metadata).toMatchObject({ requestId: "request-2", attempts: 2, status: 200 });
  const of = {
    operation: "ResolveCustomer",
    maxAttempts: 3,
    region: "us-east-1",
    durationMs: expect.any(Number) as number,
  };
  expect(reports).toMatchObject([
    { ...of, attempt: 1, status: 400, requestId: "request-1", error: { name: "ThrottlingException" }, retryInMs: 500 },
    { ...of, attempt: 2, status: 200, requestId: "request-2", error: undefined, retryInMs: undefined },
  ]);
  expect(reports.map(({ url }) => url.origin)).toEqual([listener.url, listener.url]);
  expect(reports[0]?.invocationId).toBe(reports[1]?.invocationId);
});

test("the default transport can be wrapped, to add a header and to see the answer", async () => {
  const listener = await listen(() => ({ body: { ProductCode: "p" } }));
  const inner = defaultTransport();
  onTestFinished(() => inner.close());
  const statuses: number[] = [];
  const transport: Transport = {
    send: async (request: TransportRequest) => {
      const answer = await inner.send({ ...request, headers: [...request.headers, "x-tenant", "acme"] });
      statuses.push(answer.status);
      return answer;
    },
    close: () => undefined,
  };
  await clientOf(listener.url, { transport }).resolveCustomer(token);
  expect(listener.heard[0]?.headers["x-tenant"]).toBe("acme");
  expect(statuses).toEqual([200]);
});

test("an attempt's time begins when it has a connection, of which there are as many as the client is told", async () => {
  const waiting: (() => void)[] = [];
  let most = 0;
  const listener = await listen(async () => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      most = Math.max(most, waiting.length);
    });
    return { body: { ProductCode: "p" } };
  });
  const client = clientOf(listener.url, { connectionsMax: 2, attemptTimeoutMs: 2_000, maxAttempts: 1 });
  const calls = Array.from({ length: 6 }, () => client.resolveCustomerOutcome(token));
  const all = Promise.all(calls);
  // Each pair is answered after 900 ms: the last one is answered after more time than an attempt has.
  const timer = setInterval(() => {
    for (const go of waiting.splice(0)) go();
  }, 900);
  onTestFinished(() => clearInterval(timer));
  expect((await all).map(({ ok }) => ok)).toEqual(Array.from({ length: 6 }, () => true));
  expect(most).toBe(2);
});

test.each([0, 1.5])("%f connections are none", (connectionsMax) => {
  const message = `connectionsMax must be a whole number from 1 on; it is ${connectionsMax}.`;
  expect(() => clientOf("http://127.0.0.1:9", { connectionsMax })).toThrow(message);
});
