/** C3, B1: trouble on the way: what is sent again, how often, after how long; and what a caller is told when it ends. */
import { Agent as TlsAgent } from "node:https";
import { describe, expect, test } from "vitest";
import {
  MeteringError,
  TransportError,
  type AwsCredentials,
  type ClientConfiguration,
  type MarketplaceMeteringClient,
  type Outcome,
} from "@countinghouse/client";
import { CREDENTIALS, clientOf, quickWorld } from "../support/client.ts";
import { listen, wireError, type Script } from "../support/listener.ts";

const fine = { body: { Results: [], UnprocessedRecords: [] } };
const batch = {
  productCode: "p",
  usageRecords: [{ timestamp: new Date(), customerIdentifier: "c", dimension: "d", quantity: 1 }],
};
const meter = (client: MarketplaceMeteringClient, signal?: AbortSignal): Promise<Outcome<unknown>> =>
  client.batchMeterUsageOutcome(batch, signal === undefined ? {} : { signal });

/** A client whose requests meet a script. */
async function against(script: Script, configuration: ClientConfiguration = {}) {
  const { world, delays } = quickWorld();
  const listener = await listen(script);
  return { listener, delays, client: clientOf(listener.url, { world, ...configuration }) };
}

const signedAt = (amzDate: unknown): number =>
  Date.parse(String(amzDate).replace(/^(.{4})(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));

const session = (n: number): AwsCredentials => ({
  ...CREDENTIALS,
  sessionToken: `session-${n}`,
  expiration: new Date(Date.now() + 3_600_000),
});

const strict: Script = ({ headers }) =>
  Math.abs(signedAt(headers["x-amz-date"]) - Date.now()) > 300_000
    ? wireError("InvalidSignatureException", 400, "Signature not current.")
    : fine;

const renewing = () => {
  let given = 0;
  return { provider: () => session((given += 1)), count: () => given };
};

describe("is sent again, the same bytes under the same invocation id, and succeeds:", () => {
  const troubles: readonly (readonly [string, Script])[] = [
    ["what was throttled", () => wireError("ThrottlingException")],
    ["what was throttled by a gateway (429)", () => ({ status: 429, body: "<html>" })],
    ["what was throttled under an older name", () => wireError("SlowDown", 503)],
    ["what met a fault of the service", () => wireError("InternalServiceErrorException", 500)],
    ["what met a gateway's fault (502)", () => ({ status: 502, body: "<html>" })],
    ["what met a gateway's fault (504)", () => ({ status: 504 })],
    ["what took too long for the service", () => wireError("RequestTimeoutException")],
    ["what was signed too long ago", () => wireError("InvalidSignatureException", 400, "Signature expired: 20130301T000000Z is now earlier than …")],
    ["what was cut off before its answer", (_request, _index, { incoming }) => void incoming.socket.destroy()],
    ["what was cut off within its answer", (_request, _index, { response }) => void (response.writeHead(200, { "content-length": "100" }).write("{"), setTimeout(() => response.destroy(), 5))],
    ["what was answered with success that is no JSON", () => ({ body: "<html>" })],
    ["what was answered with success that cannot be read", () => ({ body: { Results: "all" } })],
  ]; // prettier-ignore
  test.each(troubles)("%s", async (_what, trouble) => {
    const { client, listener } = await against((request, index, socket) =>
      index === 0 ? trouble(request, index, socket) : fine,
    );
    expect(await meter(client)).toMatchObject({ ok: true, metadata: { attempts: 2, requestId: "request-2" } });
    const [first, second] = listener.heard;
    expect(second?.text).toBe(first?.text);
    expect(second?.headers["amz-sdk-invocation-id"]).toBe(first?.headers["amz-sdk-invocation-id"]);
    expect([first, second].map((request) => request?.headers["amz-sdk-request"])).toEqual([
      "attempt=1; max=3",
      "attempt=2; max=3",
    ]);
  });
});

describe("is not sent again:", () => {
  const refusals: readonly (readonly [string, Script, object])[] = [
    ["what the service refuses", () => wireError("InvalidProductCodeException"), { name: "InvalidProductCodeException", fault: "client", message: "So it is." }],
    ["what conflicts", () => wireError("IdempotencyConflictException", 409), { name: "IdempotencyConflictException", status: 409 }],
    ["what is denied, while the clock is right", () => wireError("AccessDeniedException"), { name: "AccessDeniedException" }],
    ["what an error newer than this client refuses", () => wireError("aws.newer#BrandNewException:http://x"), { name: "BrandNewException", fault: "client" }],
    ["what is refused in a header, beside a code that is a number", () => ({ status: 400, headers: { "x-amzn-errortype": "InvalidTagException:" }, body: { code: 400 } }), { name: "InvalidTagException" }],
    ["what is refused in a header alone", () => ({ status: 400, headers: { "x-amzn-errortype": "InvalidTagException:" }, body: "" }), { name: "InvalidTagException" }],
    ["what is too large for a gateway", () => ({ status: 413, body: "" }), { name: "InvalidInputError", status: 413 }],
    ["what a redirect answers", () => ({ status: 302, headers: { location: "http://127.0.0.1:9" }, body: "" }), { name: "Http302" }],
  ]; // prettier-ignore
  test.each(refusals)("%s", async (_what, script, error) => {
    const { client, listener } = await against(script);
    expect(await meter(client)).toMatchObject({
      ok: false,
      error: { ...error, attempts: 1, retryable: false, mayHaveSucceeded: false },
    });
    expect(listener.heard).toHaveLength(1);
  });
});

describe("attempts", () => {
  test("end after three, or as many as was said, with the last error", async () => {
    for (const maxAttempts of [1, 3, 5]) {
      const { client, listener } = await against(() => wireError("ThrottlingException"), { maxAttempts });
      const outcome = await meter(client);
      expect(outcome).toMatchObject({
        error: { name: "ThrottlingException", retry: "throttled", attempts: maxAttempts },
      });
      expect(listener.heard).toHaveLength(maxAttempts);
    }
  });

  test("wait longer each time, by chance between nought and a bound that doubles up to 20 s", async () => {
    const transient = await against(() => ({ status: 500 }), { maxAttempts: 6 });
    await meter(transient.client);
    expect(transient.delays).toEqual([25, 50, 100, 200, 400]);
    const throttled = await against(() => wireError("ThrottlingException"), { maxAttempts: 8 });
    await meter(throttled.client);
    expect(throttled.delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  test("wait as long as the service asks, up to 5 s beyond their own", async () => {
    const asked = [
      { "retry-after": "2" },
      { "x-amz-retry-after": "1500" },
      { "retry-after": "3600" },
      { "x-amz-retry-after": "soon" },
    ];
    const { client, delays } = await against((_request, index) => ({ status: 503, headers: asked[index] ?? {} }), {
      maxAttempts: 5,
    });
    await meter(client);
    expect(delays).toEqual([2_000, 1_500, 5_100, 200]);
  });

  test("share a budget: an outage is not made worse by everyone trying thrice", async () => {
    let broken = true;
    const { client, listener } = await against(() => (broken ? { status: 500 } : fine), { retryTokens: 28 });
    for (let i = 0; i < 4; i += 1) await meter(client);
    expect(listener.heard, "3 attempts, and then 1 each").toHaveLength(6);
    broken = false;
    for (let i = 0; i < 14; i += 1) await meter(client);
    broken = true;
    await meter(client);
    expect(listener.heard, "14 successes have paid for one retry").toHaveLength(6 + 14 + 2);
  });
});

describe("a call that may have done what it was asked says so:", () => {
  const endings: readonly (readonly [string, Script, ClientConfiguration, object])[] = [
    ["no answer in time", () => undefined, { attemptTimeoutMs: 300 }, { name: "TimeoutError", fault: "connection", attempts: 3, mayHaveSucceeded: true }],
    ["no answer in the time of the call", () => undefined, { callTimeoutMs: 500 }, { name: "TimeoutError", attempts: 1, mayHaveSucceeded: true }],
    ["a connection that breaks", (_r, _i, { incoming }) => void incoming.socket.destroy(), {}, { name: "ConnectionError", attempts: 3, mayHaveSucceeded: true }],
    ["a fault, and then a refusal", (_r, index) => (index === 0 ? { status: 500 } : wireError("DisabledApiException")), {}, { name: "DisabledApiException", attempts: 2, mayHaveSucceeded: true }],
    ["throttling, which is before anything is done", () => wireError("ThrottlingException"), {}, { name: "ThrottlingException", mayHaveSucceeded: false }],
  ]; // prettier-ignore
  test.each(endings)("%s", async (_what, script, configuration, error) => {
    const { client } = await against(script, configuration);
    expect(await meter(client)).toMatchObject({ ok: false, error });
  });

  test("nobody there, who has done nothing", async () => {
    const { world } = quickWorld();
    const outcome = await meter(clientOf("http://127.0.0.1:9", { world }));
    expect(outcome).toMatchObject({
      error: { name: "ConnectionError", attempts: 3, mayHaveSucceeded: false, retryable: true },
    });
  });
});

const cut: Script = (_r, _i, { incoming }) => void incoming.socket.destroy();

describe("a success says whether an attempt before it may have been done:", () => {
  const starts: readonly (readonly [string, readonly Script[], boolean])[] = [
    ["none was there", [], false],
    ["throttled, before anything is done", [() => wireError("ThrottlingException")], false],
    ["a fault", [() => ({ status: 500 })], true],
    ["a connection that broke", [cut], true],
    ["an answer that cannot be read", [() => ({ body: "<html>" })], true],
    ["a connection that broke, and then throttled", [cut, () => wireError("ThrottlingException")], true],
  ]; // prettier-ignore
  test.each(starts)("%s", async (_what, scripts, earlierMayHaveSucceeded) => {
    const { client } = await against((...all) => (scripts[all[1]] === undefined ? fine : scripts[all[1]]?.(...all)));
    expect(await meter(client)).toMatchObject({ ok: true, metadata: { earlierMayHaveSucceeded } });
  });
});

describe("a transport of the caller's own", () => {
  class OtherCopysError extends Error {
    readonly trouble = "timeout";
    readonly maySucceed = false;
    readonly retryable = true;
  }
  const troubles: readonly (readonly [string, () => unknown, object])[] = [
    ["that throws what nobody knows leaves the request in doubt", () => { throw new Error("socket hang up"); }, { name: "ConnectionError", message: "socket hang up", fault: "connection", retry: "transient", attempts: 3, mayHaveSucceeded: true }],
    ["that rejects with no error at all, too", () => Promise.reject("gone"), { name: "ConnectionError", message: "gone", mayHaveSucceeded: true }],
    ["that answers with nothing, too", () => Promise.resolve(), { name: "ConnectionError", mayHaveSucceeded: true }],
    ["that has another copy of TransportError is understood", () => Promise.reject(new OtherCopysError("No.")), { name: "TimeoutError", message: "No.", attempts: 3, mayHaveSucceeded: false }],
    ["that refuses is believed", () => Promise.reject(new TransportError("invalid", "Not so.", false)), { name: "InvalidInputError", attempts: 1, mayHaveSucceeded: false }],
  ]; // prettier-ignore
  test.each(troubles)("%s", async (_what, send, error) => {
    const { world } = quickWorld();
    const transport = { send: send as () => Promise<never>, close: () => undefined };
    expect(await meter(clientOf("http://metering.test", { world, transport }))).toMatchObject({ ok: false, error });
  });

  test("that breaks when it is aborted leaves an aborted call in doubt", async () => {
    const controller = new AbortController();
    const send = (): Promise<never> => {
      controller.abort();
      return Promise.reject(new DOMException("This operation was aborted", "AbortError"));
    };
    const client = clientOf("http://metering.test", { transport: { send, close: () => undefined } });
    const error = { name: "AbortError", attempts: 1, mayHaveSucceeded: true };
    expect(await meter(client, controller.signal)).toMatchObject({ error });
  });

  test("an agent that is made for another scheme has sent nothing", async () => {
    const agent = new TlsAgent();
    const outcome = await meter(clientOf("http://127.0.0.1:9", { agent }));
    expect(outcome).toMatchObject({ error: { name: "InvalidInputError", attempts: 1, mayHaveSucceeded: false } });
    expect(outcome.error?.message).toContain('Protocol "http:" not supported');
  });
});

describe("an AbortSignal ends a call", () => {
  test("before it is sent", async () => {
    const { client, listener } = await against(() => fine);
    expect(await meter(client, AbortSignal.abort())).toMatchObject({
      error: { name: "AbortError", attempts: 0, mayHaveSucceeded: false },
    });
    expect(listener.heard).toEqual([]);
  });

  test("before anything is begun for it, whose failure nobody would hear of", async () => {
    let asked = 0;
    const { client } = await against(() => fine);
    client.endpointProvider = {
      resolveEndpoint: () => {
        asked += 1;
        throw new Error("no endpoint");
      },
    };
    expect(await meter(client, AbortSignal.abort())).toMatchObject({ error: { name: "AbortError" } });
    await new Promise((next) => setTimeout(next, 20));
    expect(asked).toBe(0);
    expect(await meter(client)).toMatchObject({ error: { name: "UnexpectedError", message: "no endpoint" } });
  });

  test("while the answer is awaited", async () => {
    const controller = new AbortController();
    const { client } = await against(() => {
      controller.abort();
      return undefined;
    });
    expect(await meter(client, controller.signal)).toMatchObject({
      error: { name: "AbortError", attempts: 1, mayHaveSucceeded: true, retryable: false },
    });
  });

  test("between two attempts", async () => {
    const controller = new AbortController();
    const listener = await listen(() => {
      setTimeout(() => controller.abort(), 5);
      return { status: 503, headers: { "x-amz-retry-after": "4000" } };
    });
    expect(await meter(clientOf(listener.url), controller.signal)).toMatchObject({
      error: { name: "AbortError", attempts: 1, mayHaveSucceeded: true },
    });
    expect(listener.heard).toHaveLength(1);
  });

  test("while credentials are awaited, which go on for the others", async () => {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<AwsCredentials>();
    const credentials = (): Promise<AwsCredentials> => promise;
    const { client } = await against(() => fine, { credentials });
    const calls = [meter(client, controller.signal), meter(client)];
    setTimeout(() => controller.abort(), 5);
    expect(await calls[0]).toMatchObject({ error: { name: "AbortError", attempts: 0 } });
    resolve(CREDENTIALS);
    expect(await calls[1]).toMatchObject({ ok: true });
  });
});

describe("a connection that is kept", () => {
  test("carries the next call, and one that was closed meanwhile does no harm", async () => {
    const sockets = new Set<unknown>();
    const { client, listener } = await against((_request, index, { incoming }) => {
      sockets.add(incoming.socket);
      if (index === 2) setTimeout(() => incoming.socket.destroy(), 0);
      return fine;
    });
    for (let i = 0; i < 3; i += 1) expect(await meter(client)).toMatchObject({ ok: true });
    expect(sockets.size).toBe(1);
    expect(await meter(client)).toMatchObject({ ok: true });
    expect(listener.heard.length).toBeGreaterThanOrEqual(4);
  });
});

describe("a clock that is wrong", () => {
  const HOUR_MS = 3_600_000;
  const behind = { ...quickWorld().world, wallMs: () => Date.now() - HOUR_MS };

  test("is corrected by the service's Date, once for all calls to come", async () => {
    const { client, listener } = await against(strict, { world: behind });
    expect(await meter(client)).toMatchObject({ ok: true, metadata: { attempts: 2 } });
    expect(await meter(client)).toMatchObject({ ok: true, metadata: { attempts: 1 } });
    expect(listener.heard).toHaveLength(3);
  });

  test("is left alone where that is asked for", async () => {
    const { client } = await against(strict, { world: behind, correctClockSkew: false });
    expect(await meter(client)).toMatchObject({ error: { name: "InvalidSignatureException", attempts: 1 } });
  });

  test("is not believed on the word of a cache (Age)", async () => {
    const { client } = await against((...all) => ({ ...(strict(...all) as object), headers: { age: "10" } }), {
      world: behind,
    });
    expect(await meter(client)).toMatchObject({ error: { name: "InvalidSignatureException", attempts: 1 } });
  });
});

describe("ExpiredTokenException", () => {
  test("of the caller's session: new credentials, and again", async () => {
    const { provider, count } = renewing();
    const { client } = await against(
      ({ headers }) =>
        String(headers["x-amz-security-token"]) === "session-1"
          ? wireError("ExpiredTokenException", 400, "The security token included in the request is expired")
          : fine,
      { credentials: provider },
    );
    expect(await meter(client)).toMatchObject({ ok: true, metadata: { attempts: 2 } });
    expect(count()).toBe(2);
  });

  test("of a registration token: neither new credentials nor a second attempt", async () => {
    const { provider, count } = renewing();
    const { client, listener } = await against(
      () => wireError("ExpiredTokenException", 400, "The registration token has expired."),
      { credentials: provider },
    );
    const outcome = await client.resolveCustomerOutcome({ registrationToken: "x" });
    expect(outcome).toMatchObject({ error: { name: "ExpiredTokenException", attempts: 1, retryable: false } });
    expect([listener.heard.length, count()]).toEqual([1, 1]);
  });

  test("of the caller's session in a ResolveCustomer, as its text says: new credentials, and again", async () => {
    const { provider } = renewing();
    const { client } = await against(
      (_request, index) =>
        index === 0
          ? wireError("ExpiredTokenException", 400, "The security token included in the request is expired")
          : { body: { ProductCode: "p" } },
      { credentials: provider },
    );
    expect(await client.resolveCustomerOutcome({ registrationToken: "x" })).toMatchObject({ ok: true });
  });
});

test("an error is an error: it can be thrown, caught and read", async () => {
  const { client } = await against(() => wireError("DisabledApiException"));
  const error: unknown = await client.batchMeterUsage(batch).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MeteringError);
  expect(String(error)).toBe("DisabledApiException: So it is.");
});

test("what is logged holds no secret and no token", async () => {
  const logged: string[] = [];
  const log = (message: string): void => void logged.push(message);
  const logger = { debug: log, info: log, warn: log, error: log };
  let renewals = 0;
  const credentials = (): AwsCredentials => ({ ...session((renewals += 1)), secretAccessKey: "the-secret" });
  const { client } = await against(
    ({ headers }, index) => {
      if (index === 0) return { status: 500 };
      if (headers["x-amz-security-token"] === "session-1") return wireError("ExpiredTokenException");
      return wireError("InvalidTokenException");
    },
    { credentials, logger, world: { ...quickWorld().world, wallMs: () => Date.now() - 600_000 } },
  );
  await client.batchMeterUsageOutcome(batch);
  await client.resolveCustomerOutcome({ registrationToken: "the-registration-token" });
  expect(logged.length).toBeGreaterThan(1);
  expect(logged.join("\n")).not.toMatch(/the-secret|session-\d|the-registration-token/);
});
