/** How a market can be: on a clock that runs, with AWS's request quotas, with a catalogue that lies in a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMarket } from "countinghouse/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { matchers } from "../support/market-matchers.ts";
import { temporaryFolder } from "../support/server.ts";
import { clientOf, marketOf, NOW, usage } from "./support.ts";

expect.extend(matchers);

describe("a clock that runs", () => {
  test("goes on from its start as real time does, further when it is told, and begins anew with a restore", async () => {
    const market = await marketOf({ clock: "runs" });
    const sinceStart = (): number => market.clock.now.getTime() - Date.parse(NOW);
    await expect.poll(sinceStart).toBeGreaterThan(20);
    await market.clock.advance({ hours: 1 });
    expect(sinceStart()).toBeGreaterThan(3_600_000);
    await market.clock.to("next-hour");
    expect(market.clock.now.toISOString()).toMatch(/^2026-03-15T12:/);
    const soon = sinceStart();
    await expect.poll(sinceStart).toBeGreaterThan(soon + 20);
    await market.restore();
    expect(sinceStart()).toBeLessThan(3_600_000);
  });

  test("takes usage that a program stamps with the time of day, long after it was started", async () => {
    const market = await marketOf({ now: new Date(Date.now() - 3_600_000), clock: "runs" });
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    await market.clock.advance({ hours: 1 });
    await clientOf(market).send(usage(acme, { customer: buyer, quantity: 1, at: new Date().toISOString() }));
    expect(market).toHaveMetered({ customer: buyer, units: 1 });
  });

  test("is one of two", async () => {
    const started = startMarket({ clock: "stops" as "stands" });
    await expect(started).rejects.toThrow("startMarket: clock must be stands or runs; got stops");
  });
});

describe("AWS's request quotas", () => {
  test("are in force where they are wanted: what is over them is throttled, and can be sent again", async () => {
    const market = await marketOf({ quotas: "aws" });
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    const client = clientOf(market);
    const command = usage(acme, { customer: buyer, quantity: 1 });
    const flood = async (): Promise<boolean> => {
      const all = await Promise.allSettled(Array.from({ length: 30 }, () => client.send(command)));
      return all.some(({ status }) => status === "rejected");
    };
    await expect.poll(flood).toBe(true);
    expect(market).toHaveRefused("ThrottlingException");
    expect(market).toHaveMetered({ customer: buyer, units: 1 });
    market.checkCalls();
  });

  test("are those of AWS, or none", async () => {
    await expect(startMarket({ quotas: "100" as "aws" })).rejects.toThrow("quotas must be off or aws; got 100");
  });
});

test("the file of a catalogue is read where it lies: paths are relative to it, and complaints name it", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const file = join(folder.path, "shop.yaml");
  writeFileSync(file, "issuers:\n  - issuer: https://oidc.example\n    jwksFile: keys.json\n");
  const market = await marketOf({ catalogue: file });
  const { items } = await market.operator.call("GET /issuers");
  expect(items).toMatchObject([{ jwksFile: join(folder.path, "keys.json") }]);
  writeFileSync(file, "issuers:\n  - issuer: nonsense\n");
  await expect(startMarket({ catalogue: file })).rejects.toThrow(`${file}:2:`);
});

test("a registration key that is rotated is another one, and those of other markets stay", async () => {
  const [market, other] = await Promise.all([marketOf(), marketOf()]);
  const keys = async (of: typeof market): Promise<string[]> =>
    (await of.operator.call("GET /registration-keys")).items.map(({ publicKey }) => publicKey);
  const [first] = await keys(market);
  expect(await keys(other)).toEqual([first]);
  const { publicKey } = await market.operator.call("POST /registration-keys");
  expect(publicKey).not.toBe(first);
  expect(await keys(market)).toEqual(expect.arrayContaining([first, publicKey]));
  expect(await keys(other)).toEqual([first]);
});
