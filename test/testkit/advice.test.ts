/** Each mistake is played by a small program, and named once, with the requests that show it. Sellers who do all right hear nothing. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
} from "@aws-sdk/client-marketplace-metering";
import type { Advice, Market, MarketCustomer, MarketProduct } from "countinghouse/testkit";
import { describe, expect, test } from "vitest";
import { clientOf, marketOf, usage } from "./support.ts";

interface Stage {
  readonly market: Market;
  readonly client: MarketplaceMeteringClient;
  readonly acme: MarketProduct;
  readonly buyer: MarketCustomer;
}

async function stage(): Promise<Stage> {
  // Not on a full hour: what is stamped with it is not stamped by chance.
  const market = await marketOf({ now: "2026-03-15T10:30:07Z" });
  const acme = market.product({ dimensions: { gb: null, calls: null } });
  return { market, client: clientOf(market), acme, buyer: market.customer(acme) };
}

const hourBefore = ({ market }: Stage, hours = 1): string => {
  const atMs = Math.floor(market.clock.now.getTime() / 3_600_000) - hours;
  return new Date(atMs * 3_600_000).toISOString();
};

/** The one advice that there is. */
async function onlyAdvice({ market }: Stage): Promise<Advice> {
  const advice = await market.advice();
  expect(
    advice.map(({ id }) => id),
    market.trace(),
  ).toHaveLength(1);
  return advice[0] as Advice;
}

const mistakes: Readonly<Record<string, { readonly shown: number; readonly play: (on: Stage) => Promise<void> }>> = {
  "time-of-sending": {
    shown: 3,
    play: async ({ market, client, acme, buyer }) => {
      for (let hour = 0; hour < 3; hour += 1) {
        await client.send(usage(acme, { customer: buyer, quantity: 5 + hour, at: market.clock.now.toISOString() }));
        await market.clock.advance({ hours: 1 });
      }
    },
  },
  "unit-per-event": {
    shown: 3,
    play: async ({ market, client, acme, buyer }) => {
      for (let event = 0; event < 4; event += 1) {
        await client.send(usage(acme, { customer: buyer, quantity: 1, at: market.clock.now.toISOString() }));
        await market.clock.advance({ minutes: 5 });
      }
    },
  },
  "unprocessed-not-sent-again": {
    shown: 2,
    play: async (on) => {
      const { market, client, acme, buyer } = on;
      await market.faults.unprocessed();
      const gb = { customer: buyer, dimension: "gb", quantity: 4, at: hourBefore(on) };
      const calls = { ...gb, dimension: "calls" };
      await client.send(usage(acme, gb, calls));
      await market.clock.advance({ hours: 1 });
      await client.send(usage(acme, { ...gb, at: hourBefore(on) }));
    },
  },
  "rising-duplicates": {
    shown: 3,
    play: async (on) => {
      const { market, client, acme, buyer } = on;
      const at = hourBefore(on, 0);
      for (const quantity of [3, 5, 9, 14]) {
        await client.send(usage(acme, { customer: buyer, quantity, at }));
        await market.clock.advance({ minutes: 5 });
      }
    },
  },
  "two-names": {
    shown: 2,
    play: async (on) => {
      const { client, acme, buyer } = on;
      await client.send(usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) }));
      const { accountId: CustomerAWSAccountId, licenseArn: LicenseArn } = buyer;
      const Timestamp = new Date(hourBefore(on));
      const record = { Timestamp, CustomerAWSAccountId, LicenseArn, Dimension: "gb", Quantity: 8 };
      await client.send(new BatchMeterUsageCommand({ UsageRecords: [record] }));
    },
  },
  "two-regions": {
    shown: 2,
    play: async (on) => {
      const { market, client, acme, buyer } = on;
      const sent = usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) });
      await client.send(sent);
      await clientOf(market, { region: "eu-west-1" }).send(sent);
    },
  },
  "one-call-a-record": {
    shown: 6,
    play: async (on) => {
      const { market, client, acme } = on;
      for (let one = 0; one < 6; one += 1) {
        await client.send(usage(acme, { customer: market.customer(acme), quantity: 8, at: hourBefore(on) }));
      }
    },
  },
  "zero-before-usage": {
    shown: 1,
    play: async (on) => {
      const { client, acme, buyer } = on;
      for (const quantity of [0, 8, 9]) {
        await client.send(usage(acme, { customer: buyer, quantity, at: hourBefore(on) }));
      }
    },
  },
  "no-final-record": {
    shown: 1,
    play: async (on) => {
      const { market, client, acme, buyer } = on;
      await client.send(usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) }));
      await market.clock.advance({ minutes: 20 });
      await buyer.cancel();
      await market.clock.advance({ hours: 1 });
    },
  },
  "token-of-another-account": {
    shown: 1,
    play: async ({ market, client, buyer }) => {
      const RegistrationToken = await buyer.registrationToken();
      await client.send(new ResolveCustomerCommand({ RegistrationToken }));
      const staging = market.product({ seller: "staging" });
      const other = clientOf(market, { product: staging });
      await expect(other.send(new ResolveCustomerCommand({ RegistrationToken }))).rejects.toThrow("token");
    },
  },
};

test.each(Object.entries(mistakes))("%s is named once, with the requests that show it", async (id, { play, shown }) => {
  const on = await stage();
  await play(on);
  const advice = await onlyAdvice(on);
  expect(advice).toMatchObject({ id, productCode: on.acme.productCode, count: shown });
  expect(advice.evidence).toHaveLength(shown);
  for (const member of [advice.title, advice.harm, advice.rightWay, advice.source]) expect(member).toMatch(/\w{3}/);
  for (const { requestId } of advice.evidence) {
    const params = { requestId };
    const explained = await on.market.operator.call("GET /requests/{requestId}/explanation", { params });
    expect(explained.requestId).toBe(requestId);
  }
});

/** Calls of one record each, of which the customer, the hour and the dimension are the same, at one time after the other. */
async function sendEvents({ market, client, acme, buyer }: Stage, quantities: readonly number[]): Promise<void> {
  for (const quantity of quantities) {
    await client.send(usage(acme, { customer: buyer, quantity, at: market.clock.now.toISOString() }));
    await market.clock.advance({ minutes: 5 });
  }
}

describe("of records of one hour that came one after the other", () => {
  test.each<[string, readonly number[], string, number]>([
    ["single events of other quantities each", [5, 3, 2], "unit-per-event", 2],
    ["single events, some of which rise", [5, 7, 3, 9], "unit-per-event", 3],
    ["a running total with a time of its own each", [3, 5, 9], "rising-duplicates", 2],
    ["a running total that stood still for a while", [3, 3, 3, 5, 9], "rising-duplicates", 2],
  ])("%s are one mistake, and the right one", async (_what, quantities, id, count) => {
    const on = await stage();
    await sendEvents(on, quantities);
    expect(await onlyAdvice(on)).toMatchObject({ id, count });
  });
});

type Trouble = (market: Market) => Promise<unknown>;
const dropped: Trouble = (market) => market.faults.dropAnswer("BatchMeterUsage");
const throttled: Trouble = (market) => market.faults.throttle("BatchMeterUsage");
const unprocessed: Trouble = (market) => market.faults.unprocessed({ records: 2 });

describe("a retry with a new timestamp", () => {
  /** A program that makes the time of its records anew at each try. */
  async function retry(
    { market, client, acme, buyer }: Stage,
    units: number,
    troubles: readonly Trouble[],
  ): Promise<void> {
    for (const trouble of [...troubles, undefined]) {
      await trouble?.(market);
      const at = market.clock.now.toISOString();
      const records = [
        { customer: buyer, quantity: units, at },
        { customer: buyer, dimension: "calls", quantity: units, at },
      ];
      await client.send(usage(acme, ...records)).catch(() => undefined);
      await market.clock.advance({ seconds: 5 });
    }
  }

  test.each<[string, number, readonly Trouble[], number, string]>([
    ["lost answers", 1, [dropped, dropped], 2, "10:30:07.000Z, when the answer was lost"],
    ["a throttle", 7, [throttled], 1, "10:30:07.000Z, when the call was throttled"],
    ["unprocessed records", 1, [unprocessed], 1, "10:30:07.000Z, when it came back unprocessed"],
    ["one after the other", 1, [dropped, throttled, dropped], 3, "10:30:07.000Z, when the answer was lost"],
  ])("after %s is told as that, and not as single events", async (_what, units, troubles, calls, shows) => {
    const on = await stage();
    await retry(on, units, troubles);
    const advice = await onlyAdvice(on);
    // Of both dimensions.
    expect(advice).toMatchObject({ id: "new-time-at-retry", count: 2 * calls });
    expect(advice.evidence[0]?.shows).toContain(`${units} gb for ${on.buyer.accountId} in the hour 2026-03-15T10:00:00.000Z at 2026-03-15T10:30:12.000Z, as request `); // prettier-ignore
    expect(advice.evidence[0]?.shows).toContain(shows);
  });

  test("of which nothing shows why it came is told where whole calls are the same but for their times", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    for (let tries = 0; tries < 3; tries += 1) {
      const at = market.clock.now.toISOString();
      const calls = { customer: buyer, dimension: "calls", quantity: 1, at };
      await client.send(usage(acme, { customer: buyer, quantity: 37, at }, calls));
      await market.clock.advance({ seconds: 5 });
    }
    expect(await onlyAdvice(on)).toMatchObject({ id: "new-time-at-retry", count: 4 });
  });

  test("does not hide single events that come after it", async () => {
    const on = await stage();
    await retry(on, 1, [dropped]);
    await sendEvents(on, [1, 1, 1]);
    const ids = (await on.market.advice()).map(({ id, count }) => ({ id, count }));
    expect(ids).toEqual([
      { id: "unit-per-event", count: 3 },
      { id: "new-time-at-retry", count: 2 },
    ]);
  });
});

test("a late record of an earlier hour is not the final one", async () => {
  const on = await stage();
  const { market, client, acme, buyer } = on;
  await client.send(usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) }));
  await buyer.cancel();
  await market.clock.advance({ minutes: 10 });
  await client.send(usage(acme, { customer: buyer, dimension: "calls", quantity: 8, at: hourBefore(on) }));
  await market.clock.advance({ hours: 1 });
  expect(await onlyAdvice(on)).toMatchObject({ id: "no-final-record", count: 1 });
});

describe("nothing is said of", () => {
  test("retries after all kinds of trouble that send the same records", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    const same = usage(acme, { customer: buyer, quantity: 7, at: market.clock.now.toISOString() });
    const { faults } = market;
    const troubles = [() => faults.throttle("BatchMeterUsage"), () => faults.unprocessed(), () => faults.dropAnswer("BatchMeterUsage")]; // prettier-ignore
    for (const trouble of [...troubles, ...troubles]) {
      await trouble();
      await client.send(same).catch(() => undefined);
      await market.clock.advance({ seconds: 5 });
    }
    await client.send(same);
    expect(await market.advice()).toEqual([]);
  });

  test("zeros that come several times in an hour, of which none is lost", async () => {
    const on = await stage();
    await sendEvents(on, [0, 0, 0, 0]);
    expect(await on.market.advice()).toEqual([]);
  });

  test("an unprocessed record that came again and was refused then, nor of the final one", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    await client.send(usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) }));
    await buyer.cancel();
    await market.clock.advance({ minutes: 32 });
    const last = { customer: buyer, quantity: 4, at: hourBefore(on) };
    await market.faults.unprocessed();
    await client.send(usage(acme, last));
    await expect(client.send(usage(acme, last, { ...last, dimension: "mb" }))).rejects.toThrow("mb");
    await market.clock.advance({ hours: 2 });
    expect(await market.advice()).toEqual([]);
  });

  test("records that are sent by themselves because they came back, or to find the one for which a batch is refused", async () => {
    const on = await stage();
    const { market, client, acme } = on;
    const sentOf = () => ({ customer: market.customer(acme), quantity: 8, at: hourBefore(on) });
    for (let batch = 0; batch < 5; batch += 1) {
      const [first, second] = [sentOf(), sentOf()];
      await market.faults.unprocessed({ records: 1 });
      await client.send(usage(acme, first, second));
      await client.send(usage(acme, second));
    }
    await market.clock.advance({ minutes: 5 });
    const good = Array.from({ length: 6 }, sentOf);
    await expect(client.send(usage(acme, ...good, { ...sentOf(), dimension: "mb" }))).rejects.toThrow("mb");
    for (const one of good) await client.send(usage(acme, one));
    await market.clock.advance({ hours: 1 });
    expect(await market.advice()).toEqual([]);
  });

  test("a seller who sums up each hour, sends again what was lost and unprocessed, and sends the last hour", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    const others = Array.from({ length: 30 }, () => market.customer(acme));
    const send = async (command: BatchMeterUsageCommand): Promise<void> => {
      const answer = await client.send(command).catch(() => client.send(command));
      const { UnprocessedRecords: again = [] } = answer;
      if (again.length > 0) await send(new BatchMeterUsageCommand({ ...command.input, UsageRecords: again }));
    };
    for (let hour = 0; hour < 6; hour += 1) {
      if (hour === 1) await market.faults.dropAnswer("BatchMeterUsage");
      if (hour === 2) await market.faults.unprocessed({ records: 7 });
      if (hour === 3) await market.faults.throttle("BatchMeterUsage");
      const at = hourBefore(on);
      const all = [buyer, ...others].map((customer, i) => ({ customer, quantity: (i * hour) % 5, at }));
      await send(usage(acme, ...all.slice(0, 25)));
      await send(usage(acme, ...all.slice(25)));
      await market.clock.advance({ hours: 1 });
    }
    await buyer.cancel();
    await market.clock.advance({ minutes: 30 });
    await send(usage(acme, { customer: buyer, quantity: 3, at: hourBefore(on) }));
    await market.clock.advance({ hours: 2 });
    expect(await market.advice()).toEqual([]);
  });

  test("what had not been missed by the end of the time that is asked for", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    await client.send(usage(acme, { customer: buyer, quantity: 8, at: hourBefore(on) }));
    await buyer.cancel();
    await market.clock.advance({ minutes: 10 });
    const to = market.clock.now.toISOString();
    await market.clock.advance({ minutes: 25 });
    await client.send(usage(acme, { customer: buyer, quantity: 3, at: hourBefore(on) }));
    await market.clock.advance({ hours: 2 });
    const { items } = await market.operator.call("GET /advice", { query: { to } });
    expect(items).toEqual([]);
  });

  test("what a refusal has said already", async () => {
    const on = await stage();
    const { market, client, acme, buyer } = on;
    const wrong = [
      { customer: buyer, dimension: "mb", quantity: 1 },
      { customer: { customerIdentifier: "nobody" }, quantity: 1 },
      { customer: buyer, quantity: 1, at: "2025-01-01T00:00:00Z" },
      { customer: buyer, quantity: -1 },
    ];
    for (const record of wrong) await expect(client.send(usage(acme, record))).rejects.toThrow();
    const resolve = new ResolveCustomerCommand({ RegistrationToken: "altered" });
    await expect(client.send(resolve)).rejects.toThrow("token");
    await buyer.suspend();
    await client.send(usage(acme, { customer: buyer, quantity: 1, at: hourBefore(on) }));
    // One duplicate is one answer that was given; nothing shows why.
    await buyer.resume();
    for (const quantity of [4, 5]) await client.send(usage(acme, { customer: buyer, quantity, at: hourBefore(on) }));
    await market.clock.advance({ hours: 1 });
    expect(await market.advice()).toEqual([]);
  });

  test("an empty ledger, and one whose mistakes lie before the time that is asked for", async () => {
    const on = await stage();
    const { market } = on;
    expect(await market.advice()).toEqual([]);
    await mistakes["rising-duplicates"]?.play(on);
    await market.clock.advance({ days: 8 });
    expect((await market.operator.call("GET /advice")).items).toEqual([]);
    // A market is asked about all that it has seen, however far its clock was moved since.
    expect((await onlyAdvice(on)).id).toBe("rising-duplicates");
    await market.restore();
    expect(await market.advice()).toEqual([]);
  });
});

test("is given for one seller, or for one product", async () => {
  const on = await stage();
  await mistakes["rising-duplicates"]?.play(on);
  const rival = on.market.product({ dimensions: { gb: null }, seller: "rival" });
  const client = clientOf(on.market, { product: rival });
  await mistakes["zero-before-usage"]?.play({ ...on, client, acme: rival, buyer: on.market.customer(rival) });
  const ask = async (query: object): Promise<readonly string[]> => {
    const { items } = await on.market.operator.call("GET /advice", { query });
    return items.map(({ id }) => id);
  };
  expect(await ask({})).toEqual(["rising-duplicates", "zero-before-usage"]);
  expect(await ask({ accountId: on.acme.sellerAccountId })).toEqual(["rising-duplicates"]);
  expect(await ask({ accountId: rival.sellerAccountId })).toEqual(["zero-before-usage"]);
  expect(await ask({ productCode: on.acme.productCode })).toEqual(["rising-duplicates"]);
  const backwards = { from: "2026-03-15T00:00:00Z", to: "2026-03-14T00:00:00Z" };
  await expect(ask(backwards)).rejects.toThrow("must lie before");
});
