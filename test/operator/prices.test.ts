/** Prices in time, through the operator API and the catalogue file: what was reported of an hour stays reported. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { describe, expect, test as anyTest } from "vitest";
import { add, moveClock } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { newDatabase, nodeArgs, postgresArgs, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, spawnServer, type RunningServer } from "../support/server.ts";

const CODE = "9abcdefghijklmnopqrstuvwx";
const PATH = `/products/${CODE}`;
const NOW = "2026-03-10T12:20:00Z";
/** The coming hour. */
const NEXT = "2026-03-10T13:00:00.000Z";

interface Row {
  readonly dimension: string;
  readonly usageUnits: string;
  readonly usageUnitType: string;
  readonly offeringDescription: string;
  readonly estimatedRevenue?: string;
}

type Server = Pick<RunningServer, "operatorUrl" | "operatorToken" | "operator" | "endpoint">;

const call = (server: Server, method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });

async function change(server: Server, patch: object): Promise<object> {
  const { status, json, text } = await call(server, "PATCH", PATH, patch);
  expect(status, text).toBe(200);
  return json as object;
}

async function rowsOf(server: Server): Promise<readonly string[]> {
  const { json } = await call(server, "GET", "/reports/usage-by-instance-type?month=2026-03&format=json");
  return (json as { rows: Row[] }).rows.map(({ dimension, usageUnits, usageUnitType, ...row }) =>
    [dimension, usageUnits, usageUnitType, row.offeringDescription, row.estimatedRevenue ?? "-"].join(" "),
  );
}

async function meter(server: Server, time: string, quantity: number, dimension = "users"): Promise<string | undefined> {
  const { Results = [] } = await officialClient(server.endpoint).send(
    new BatchMeterUsageCommand({
      ProductCode: CODE,
      UsageRecords: [
        {
          Timestamp: new Date(`2026-03-10T${time}Z`),
          CustomerAWSAccountId: "444455556666",
          Dimension: dimension,
          Quantity: quantity,
        },
      ],
    }),
  );
  return Results[0]?.Status;
}

const PRODUCT = {
  productCode: CODE,
  title: "Acme Users",
  seller: DEMO.seller,
  type: "saas",
  pricing: "usage",
  dimensions: [{ name: "users", unit: "User", price: "0.25", kind: "metered" }],
};

/** A server with a product that has been metered: 4 users between 10 and 11; it is 12:20. */
async function market(store: readonly string[] = ["--store", "memory:"]): Promise<RunningServer> {
  const server = await start([...store, "--clock", `manual:${NOW}`]);
  await add(server, "/products", PRODUCT);
  await add(server, "/agreements", {
    agreementId: "agmt-users",
    productCode: CODE,
    customerAccountId: "444455556666",
    startsAt: "2020-01-01T00:00:00Z",
  });
  expect(await meter(server, "10:30:00", 4)).toBe("Success");
  return server;
}

const STORES = {
  memory: { storeOf: () => ["--store", "memory:"], restarts: false, test: anyTest },
  sqlite: { storeOf: (folder: string) => ["--store", `sqlite:${folder}`], restarts: true, test: anyTest },
  postgres: { storeOf: postgresArgs, restarts: true, test: testOfPostgres() },
} as const;

describe.each(Object.entries(STORES))("on %s", (_name, { storeOf, restarts, test }) => {
  test("Rule P3: what was reported stays reported when prices, units, kinds and pricing change, and dimensions go and come", async () => {
    const args = await storeOf(newFolder());
    let server = await market(args);
    const before = ["users 4 User Usage 1"];
    expect(await rowsOf(server)).toEqual(before);
    await change(server, { dimensions: [{ name: "users", price: "100" }] });
    expect(await rowsOf(server), "another price, no unit").toEqual(before);
    await change(server, { dimensions: [{ name: "users", unit: "Dozen", price: "3", kind: "entitled" }] });
    expect(await rowsOf(server), "another unit and kind").toEqual(before);
    await change(server, { dimensions: [], pricing: "free" });
    expect(await rowsOf(server), "no dimension, and free").toEqual(before);
    await expect(meter(server, "12:15:00", 1)).rejects.toThrow("no metered dimension");
    await change(server, {
      dimensions: [{ name: "users", unit: "User", price: "0.50", kind: "metered" }],
      pricing: "usage",
    });
    expect(await rowsOf(server), "back again, dearer").toEqual(before);

    if (restarts) {
      await server.stop();
      server = await start([...args, "--clock", "manual"]);
      expect(await rowsOf(server), "after another start").toEqual(before);
    }
    // The hour that runs has the price that it began with; the coming one has the new one.
    expect(await meter(server, "12:20:00", 1)).toBe("Success");
    expect(await rowsOf(server)).toEqual(["users 5 User Usage 1.25"]);
    await moveClock(server, { now: "2026-03-10T13:30:00Z" });
    expect([await meter(server, "11:59:59", 1), await meter(server, "13:00:00", 10)]).toEqual(["Success", "Success"]);
    expect(await rowsOf(server)).toEqual(["users 16 User Usage 6.5"]);
    await change(server, { dimensions: [{ name: "users", unit: "Dozen", price: "6", kind: "metered" }] });
    await moveClock(server, { now: "2026-03-10T14:10:00Z" });
    expect(await meter(server, "14:05:00", 2)).toBe("Success");
    expect(await rowsOf(server)).toEqual(["users 2 Dozen Usage 12", "users 16 User Usage 6.5"]);
  });
});

const prices = (server: Server): Promise<unknown> =>
  call(server, "GET", PATH).then(({ json }) => (json as typeof PRODUCT).dimensions[0]);

/** The page on which a buyer subscribes. */
const bought = async (server: Server): Promise<string> => (await fetch(`${server.endpoint}/buy/${CODE}`)).text();

describe("a price", () => {
  const test = anyTest;

  test("Rule P3: holds from the coming hour on, is shown with the one in force, and comes back as it was shown", async () => {
    const server = await market();
    const changed = await change(server, { dimensions: [{ ...PRODUCT.dimensions[0], price: "0.30" }] });
    const shown = { ...PRODUCT.dimensions[0], prices: [{ price: "0.25" }, { price: "0.30", effectiveFrom: NEXT }] };
    expect(changed).toEqual({ ...PRODUCT, dimensions: [shown] });
    expect(await change(server, changed)).toEqual(changed);
    const redescribed = { ...shown, description: "Users who signed in" };
    expect(await change(server, { dimensions: [redescribed] })).toMatchObject({ dimensions: [redescribed] });
    expect(await change(server, { title: "Acme" })).toMatchObject({ dimensions: [redescribed] });
    expect(await bought(server)).toContain("USD 0.25 per User");
    await moveClock(server, { now: NEXT });
    expect(await prices(server)).toEqual({ ...redescribed, price: "0.30" });
    expect(await bought(server)).toContain("USD 0.30 per User");
  });

  test("Rule P3: may be for a later hour, may be replaced and withdrawn until then, and not after", async () => {
    const server = await market();
    const later = { price: "0.40", effectiveFrom: "2026-04-01T02:00:00+02:00" };
    const set = await call(server, "POST", `${PATH}/dimensions/users/prices`, later);
    expect(set.status, set.text).toBe(200);
    const april = "2026-04-01T00:00:00.000Z";
    expect(await prices(server)).toMatchObject({
      price: "0.25",
      prices: [{ price: "0.25" }, { price: "0.40", effectiveFrom: april }],
    });
    await change(server, { dimensions: [{ name: "users", prices: [{ price: "0.35", effectiveFrom: april }] }] });
    expect(await prices(server)).toMatchObject({
      prices: [{ price: "0.25" }, { price: "0.35", effectiveFrom: april }],
    });
    await call(server, "POST", `${PATH}/dimensions/users/prices`, { price: "0.30" });
    expect(await prices(server)).toMatchObject({ prices: [{ price: "0.25" }, { price: "0.30", effectiveFrom: NEXT }] });
    await change(server, { dimensions: [PRODUCT.dimensions[0]] });
    expect(await prices(server), "withdrawn").toEqual(PRODUCT.dimensions[0]);
    await change(server, { dimensions: [{ name: "users", prices: [{ price: null }] }] });
    await moveClock(server, { now: NEXT });
    expect(await prices(server)).toEqual({
      name: "users",
      kind: "metered",
      prices: [{ price: "0.25" }, { price: null, effectiveFrom: NEXT }],
    });
  });

  test("Rule P3: of an hour that has begun is refused, and told what would be accepted", async () => {
    const server = await market();
    const running = "2026-03-10T12:00:00.000Z";
    const accepted = `effectiveFrom can be ${NEXT} or later`;
    const set = await call(server, "POST", `${PATH}/dimensions/users/prices`, { price: "1", effectiveFrom: running });
    expectProblem(set, 422, /does not fit the catalogue/, [
      `effectiveFrom: the price of an hour that has begun never changes; ${accepted}`,
    ]);
    const refused: readonly (readonly [object, string])[] = [
      [{ prices: [{ price: "1", effectiveFrom: running }] }, `prices.0: is another price than was in force from ${running}`],
      [{ prices: [{ price: "0.25" }, { price: "1", effectiveFrom: running }] }, "prices.1: is another price"],
      [{ prices: [{ price: "1" }, { price: "0.25", effectiveFrom: running }] }, "prices.0: is another price than was in force from the beginning"],
      [{ price: "1", prices: [{ price: "2" }] }, "price: is not the price in force by prices (0.25)"],
      [{ prices: [{ price: "1", effectiveFrom: NEXT }, { price: "2" }] }, "prices: must be in the order of effectiveFrom"],
      [{ prices: [{ price: "1", effectiveFrom: "2026-04-01T00:30:00Z" }] }, "prices.0.effectiveFrom: must be the first moment of an hour"],
      [{ prices: [{ price: "1", effectiveFrom: "soon" }] }, "prices.0.effectiveFrom: must be a time with its zone"],
      [{ prices: [] }, "prices: Too small"],
    ]; // prettier-ignore
    for (const [dimension, complaint] of refused) {
      const answer = await call(server, "PATCH", PATH, { dimensions: [{ name: "users", ...dimension }] });
      expectProblem(answer, 422, /does not fit/, [expect.stringContaining(`dimensions.0.${complaint}`) as string]);
    }
    expect(await prices(server)).toEqual(PRODUCT.dimensions[0]);
    const path = `${PATH}/dimensions/nothing/prices`;
    expectProblem(await call(server, "POST", path, { price: "1" }), 404, /has no dimension nothing/);
    expectProblem(
      await call(server, "POST", "/products/p/dimensions/users/prices", { price: "1" }),
      404,
      /No product p/,
    );
  });

  test("Rule P3: of a new product or dimension holds from the beginning, whatever list it comes in", async () => {
    const server = await market();
    const past = "2026-02-01T00:00:00.000Z";
    const gb = {
      name: "gb",
      kind: "metered",
      prices: [{ price: "1" }, { price: "2", effectiveFrom: past }],
      price: "2",
    };
    expect(await change(server, { dimensions: [PRODUCT.dimensions[0], gb] })).toMatchObject({
      dimensions: [PRODUCT.dimensions[0], gb],
    });
    expect(await meter(server, "10:30:00", 3, "gb")).toBe("Success");
    expect(await rowsOf(server)).toEqual(["gb 3 Units Usage 6", "users 4 User Usage 1"]);
  });

  test("a dimension that was dropped is shown with its prices, and no usage is taken for it", async () => {
    const server = await market();
    const shown = await change(server, { dimensions: [] });
    const dropped = { ...PRODUCT.dimensions[0], droppedAt: "2026-03-10T12:20:00.000Z" };
    expect(shown).toEqual({ ...PRODUCT, dimensions: [], droppedDimensions: [dropped] });
    expect(await change(server, shown), "sent back").toEqual(shown);
    expect(await change(server, { dimensions: PRODUCT.dimensions })).toEqual(PRODUCT);
  });

  test("set by several callers at once is one of theirs, in one step", async () => {
    const server = await market();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => call(server, "POST", `${PATH}/dimensions/users/prices`, { price: `${i}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await prices(server)).toMatchObject({
      prices: [{ price: "0.25" }, { price: expect.stringMatching(/^[0-7]$/) as string, effectiveFrom: NEXT }],
    });
  });
});

testOfPostgres()(
  "Rule P3: two servers of one PostgreSQL tell one history, whichever of them a price is set by",
  async () => {
    const database = await newDatabase();
    const args = nodeArgs(database.url, newFolder());
    const one = await market(args);
    const other = await start([...args, "--clock", "manual"]);
    for (const [i, server] of [one, other, one].entries()) {
      const set = await call(server, "POST", `${PATH}/dimensions/users/prices`, { price: `${i + 1}` });
      expect(set.status, set.text).toBe(200);
      await moveClock(i === 0 ? other : one, { advanceSeconds: 3_600 });
    }
    // Whoever decides goes by the newest of both.
    expect(await change(other, {})).toMatchObject({
      dimensions: [
        {
          prices: [
            { price: "0.25" },
            { price: "1", effectiveFrom: "2026-03-10T13:00:00.000Z" },
            { price: "2", effectiveFrom: "2026-03-10T14:00:00.000Z" },
            { price: "3", effectiveFrom: "2026-03-10T15:00:00.000Z" },
          ],
        },
      ],
    });
    await Promise.all([one.kill(), other.kill()]);
    await database.remove();
  },
);

function written(folder: string, dimension: object): string {
  const file = join(folder, "catalogue.yaml");
  const product = { ...PRODUCT, dimensions: [{ name: "users", ...dimension }] };
  // All JSON is YAML.
  writeFileSync(file, JSON.stringify({ accounts: [{ id: DEMO.seller }], products: [product] }, undefined, 2));
  return file;
}

const changesOf = async (server: Server): Promise<number> => {
  const { json } = await call(server, "GET", "/audit-events?eventName=ApplyCatalogue");
  return (json as { items: unknown[] }).items.length;
};

describe("a catalogue file", () => {
  const test = anyTest;

  test("Rule P3: changes a price from the coming hour on, in one step; and nothing where it says the same again", async () => {
    const folder = newFolder();
    const at = (clock: string): string[] => [
      "--store",
      `sqlite:${join(folder, "data")}`,
      "--catalog",
      written(folder, { price: "0.25" }),
      "--clock",
      clock,
    ];
    let server = await start(at(`manual:${NOW}`));
    await server.stop();
    written(folder, { price: "0.30" });
    const again = at("manual");
    written(folder, { price: "0.30" });
    server = await start(again);
    const shown = { price: "0.25", prices: [{ price: "0.25" }, { price: "0.30", effectiveFrom: NEXT }] };
    expect(await prices(server)).toMatchObject(shown);
    expect(await changesOf(server)).toBe(2);
    await moveClock(server, { now: "2026-03-10T15:00:00Z" });
    await server.stop();
    server = await start(again);
    expect(await prices(server)).toMatchObject({ ...shown, price: "0.30" });
    expect(await changesOf(server)).toBe(2);
    await server.stop();
    written(folder, { prices: [{ price: "0.30" }, { price: "0.50", effectiveFrom: "2026-04-01T00:00:00Z" }] });
    server = await start(again);
    expect(await prices(server)).toMatchObject({
      price: "0.30",
      prices: [...shown.prices, { price: "0.50", effectiveFrom: "2026-04-01T00:00:00.000Z" }],
    });
  });

  test("Rule P3: with a price of an hour that has begun is refused with its line, and nothing is applied", async () => {
    const folder = newFolder();
    const file = written(folder, { price: "0.25" });
    const store = ["--store", `sqlite:${join(folder, "data")}`, "--catalog", file];
    const server = await start([...store, "--clock", `manual:${NOW}`]);
    await server.stop();
    const running = "2026-03-10T12:00:00Z";
    written(folder, { prices: [{ price: "0.25" }, { price: "0.30", effectiveFrom: running }] });
    const child = spawnServer([...store, "--port", "0", "--clock", "manual"]);
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, complaint]).toEqual([
      2,
      expect.stringMatching(/catalogue\.yaml:\d+:\d+: dimensions\.0\.prices\.1: /),
    ]);
    expect(complaint).toContain(`effectiveFrom can be ${NEXT} or later`);
    written(folder, { price: "0.25" });
    expect(await prices(await start([...store, "--clock", "manual"]))).toMatchObject({ price: "0.25" });
  });

  test("Rule P3: may say of the past what it was, and stand alone on a new ledger", async () => {
    const folder = newFolder();
    const file = written(folder, {
      prices: [{ price: "0.25" }, { price: "0.30", effectiveFrom: "2026-01-01T00:00:00Z" }],
    });
    const server = await start(["--store", "memory:", "--catalog", file, "--clock", `manual:${NOW}`]);
    expect(await prices(server)).toMatchObject({ price: "0.30" });
    expect((await call(server, "POST", "/reset")).status).toBe(204);
    expect(await prices(server)).toMatchObject({ price: "0.30" });
  });
});
