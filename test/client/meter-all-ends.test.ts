/** How a run of `meterAll` ends before its time: nothing new is sent, and what is on the wire is waited for. */
import type { AwsCredentials, ClientConfiguration, MeterAllResult, MeterableRecord } from "@countinghouse/client";
import { describe, expect, test } from "vitest";
import { CREDENTIALS, clientOf, quickWorld } from "../support/client.ts";
import { listen, type HeardRequest, type Listener } from "../support/listener.ts";

interface WireBatch {
  readonly UsageRecords: readonly { readonly CustomerIdentifier: string }[];
}

const success = ({ text }: HeardRequest): { readonly body: object } => {
  const { UsageRecords } = JSON.parse(text) as WireBatch;
  const Results = UsageRecords.map((UsageRecord) => ({
    UsageRecord,
    Status: "Success",
    MeteringRecordId: `id-${UsageRecord.CustomerIdentifier}`,
  }));
  return { body: { Results } };
};

const usage = (count: number): MeterableRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    timestamp: Date.now(),
    customerIdentifier: `c${i}`,
    dimension: "d",
    quantity: 1,
  }));

const productCode = "p";
/** The first request goes at once, the next in 1,000 s. */
const SLOW = { productCode, requestsPerSecond: 0.001 };
const attempts = ({ heard }: Listener): unknown[] => heard.map(({ headers }) => headers["amz-sdk-request"]);
const summary = (results: readonly MeterAllResult<MeterableRecord>[]): string[] =>
  results.map((result) => (result.status === "undecided" ? `${result.why} ${result.mayBeMetered}` : result.status));

describe("a run that nobody listens to any more", () => {
  test.each([{}, { callTimeoutMs: 60_000 }])(
    "sends nothing that only waits for its turn: after a break, %o",
    async (limits) => {
      const service = await listen(success);
      for await (const result of clientOf(service.url, limits).meterAll(usage(500), SLOW)) if (result.index >= 0) break;
      expect(service.heard).toHaveLength(1);
    },
  );

  test("sends nothing that only waits for its turn: after the loop has thrown", async () => {
    const service = await listen(success);
    const loop = async (): Promise<void> => {
      for await (const { index } of clientOf(service.url).meterAll(usage(500), SLOW)) throw new Error(`at ${index}`);
    };
    await expect(loop()).rejects.toThrow("at 0");
    expect(service.heard).toHaveLength(1);
  });

  test("begins nothing after the break, at whichever result it is", async () => {
    const service = await listen(success);
    for (let number = 1; number <= 30; number += 1) {
      let begun = 0;
      const counted = (url: string, init: RequestInit): Promise<Response> => {
        begun += 1;
        return fetch(url, init);
      };
      const client = clientOf(service.url, { fetch: counted });
      let begunAtBreak = 0;
      let heard = 0;
      // As fast as it can: the next batch is about to be sent when the results of one are there.
      for await (const result of client.meterAll(usage(100), { productCode, concurrency: 2, requestsPerSecond: 1e6 })) {
        expect(result.status).toBe("accepted");
        heard += 1;
        begunAtBreak = begun;
        if (heard === number) break;
      }
      expect([number, begun]).toEqual([number, begunAtBreak]);
    }
  });

  test("tries nothing again, and waits for what is on the wire", async () => {
    const { promise: allHeard, resolve } = Promise.withResolvers<undefined>();
    const service = await listen(async (request, index) => {
      if (index === 7) resolve(undefined);
      await allHeard;
      // One batch is answered, the others never are.
      return index === 0 ? success(request) : undefined;
    });
    const client = clientOf(service.url, { attemptTimeoutMs: 400 });
    for await (const { status } of client.meterAll(usage(500), { productCode, requestsPerSecond: 1_000 })) {
      expect(status).toBe("accepted");
      break;
    }
    expect(attempts(service)).toEqual(Array(8).fill("attempt=1; max=3"));
  });

  test("does not send again what waits for another attempt", async () => {
    const { promise: bothHeard, resolve } = Promise.withResolvers<undefined>();
    const service = await listen(async (request, index) => {
      if (index === 1) resolve(undefined);
      await bothHeard;
      return index === 0 ? { status: 503, headers: { "x-amz-retry-after": "4500" } } : success(request);
    });
    const run = clientOf(service.url).meterAll(usage(50), { productCode, requestsPerSecond: 1_000 });
    for await (const { status } of run) if (status === "accepted") break;
    expect(attempts(service)).toEqual(Array(2).fill("attempt=1; max=3"));
  });

  test("ends at once by return(), also while the next result is awaited", async () => {
    const { promise: heard, resolve: hear } = Promise.withResolvers<undefined>();
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    const service = await listen(async (request) => {
      hear(undefined);
      await released;
      return success(request);
    });
    const results = clientOf(service.url).meterAll(usage(100), SLOW)[Symbol.asyncIterator]();
    const next = results.next();
    await heard;
    const ended = results.return?.();
    expect(await next, "of those that were not sent").toMatchObject({
      value: { status: "undecided", why: "aborted", mayBeMetered: false },
    });
    let over = false;
    void ended?.then(() => (over = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(over, "what is on the wire is waited for").toBe(false);
    release(undefined);
    expect(await ended).toMatchObject({ done: true });
    expect(service.heard).toHaveLength(1);
  });
});

/** Yields some records, and then waits for ever. */
function endless(count: number): { readonly records: AsyncIterable<MeterableRecord>; readonly returned: () => number } {
  let returned = 0;
  const all = usage(count).values();
  const iterator: AsyncIterator<MeterableRecord> = {
    next: () => {
      const next = all.next();
      return next.done === true ? new Promise(() => undefined) : Promise.resolve(next);
    },
    return: () => {
      returned += 1;
      return new Promise(() => undefined);
    },
  };
  return { records: { [Symbol.asyncIterator]: () => iterator }, returned: () => returned };
}

function abortedSoon(): AbortController {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  return controller;
}

describe("an abort", () => {
  test("ends a run that waits for its input, and lets the input know", async () => {
    const service = await listen(success);
    const { records, returned } = endless(2);
    const { signal } = abortedSoon();
    const results = await clientOf(service.url).meterAll(records, { productCode, signal }).toArray();
    expect(summary(results)).toEqual(["aborted false", "aborted false"]);
    expect([service.heard.length, returned()]).toEqual([0, 1]);
  });

  test("before the run reads nothing of an input that is waited for, and all of one that is at hand", async () => {
    const service = await listen(success);
    const { records, returned } = endless(2);
    const options = { productCode, signal: AbortSignal.abort() };
    expect(await clientOf(service.url).meterAll(records, options).toArray()).toEqual([]);
    expect(returned()).toBe(1);
    const none = clientOf(service.url).meterAll(endless(2).records, options).assertAllAccepted();
    await expect(none, "which is not to say that all is well").rejects.toMatchObject({
      name: "NotAllAcceptedError",
      message: "Of 0 usage records 0 were not accepted. The run was aborted before its input had ended.",
    });
    const atHand = await clientOf(service.url).meterAll(usage(30), options).toArray();
    expect(summary(atHand)).toEqual(Array(30).fill("aborted false"));
    expect(service.heard).toEqual([]);
  });

  test("return() ends a run that waits for its input, too", async () => {
    const { records, returned } = endless(1);
    const results = clientOf("http://127.0.0.1:9").meterAll(records, { productCode })[Symbol.asyncIterator]();
    const next = results.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const ended = results.return?.();
    expect(await next).toMatchObject({ value: { status: "undecided", why: "aborted" } });
    expect(await ended).toMatchObject({ done: true });
    expect(returned()).toBe(1);
  });

  test("gives back the turns that were not used: the next run does not wait for them", async () => {
    const service = await listen(success);
    const client = clientOf(service.url);
    const controller = new AbortController();
    const options = { ...SLOW, signal: controller.signal };
    for await (const result of client.meterAll(usage(200), options)) if (result.index >= 0) controller.abort();
    expect(service.heard).toHaveLength(1);
    await client.meterAll(usage(25), { productCode }).assertAllAccepted();
    expect(service.heard).toHaveLength(2);
  });
});

const meterWith = async (credentials: NonNullable<ClientConfiguration["credentials"]>) => {
  const service = await listen(success);
  // Each look at the clock is two seconds later, so that credentials come to their end within the run.
  let nowMs = Date.now();
  const world = { ...quickWorld().world, wallMs: () => (nowMs += 2_000) };
  const client = clientOf(service.url, { credentials, world, correctClockSkew: false });
  const options = { productCode, resendsMax: 2, concurrency: 1 };
  return { results: await client.meterAll(usage(100), options).toArray(), heard: service.heard };
};

/** Credentials that are at their end. */
const ending = (): AwsCredentials => ({ ...CREDENTIALS, sessionToken: "t", expiration: new Date(Date.now() - 1) });

describe("credentials that fail", () => {
  test("in passing stop nothing: at the start, and when they are renewed", async () => {
    let asked = 0;
    const flaky = (): AwsCredentials => {
      asked += 1;
      if (asked === 1 || asked === 3) throw new Error("The metadata service is slow.");
      return asked === 2 ? ending() : CREDENTIALS;
    };
    const { results } = await meterWith(flaky);
    expect(new Set(summary(results))).toEqual(new Set(["accepted"]));
    expect(asked).toBe(4);
  });

  test("every time stop the run after as many tries as a record has", async () => {
    let asked = 0;
    const { results, heard } = await meterWith(() => {
      asked += 1;
      throw new Error("The metadata service is down.");
    });
    expect(summary(results)).toEqual([...Array(25).fill("failed false"), ...Array(75).fill("stopped false")]);
    expect(results[99]).toMatchObject({ error: { name: "CredentialsError", retry: "transient" } });
    expect([asked, heard.length]).toEqual([3, 0]);
  });

  test("for good stop the run at once", async () => {
    let asked = 0;
    const { results } = await meterWith(() => {
      asked += 1;
      return undefined as never;
    });
    expect(summary(results).at(-1)).toBe("stopped false");
    expect(asked).toBe(1);
  });
});
