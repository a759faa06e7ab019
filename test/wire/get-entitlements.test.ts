/** GetEntitlements through the official SDK: every filter, pages, time, and whose product it is. */
import {
  GetEntitlementsCommand,
  InvalidParameterException,
  type Entitlement,
  type GetEntitlementsCommandInput,
  type GetEntitlementsCommandOutput,
  type MarketplaceEntitlementServiceClient,
  paginateGetEntitlements,
} from "@aws-sdk/client-marketplace-entitlement-service";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, meteringRecords, moveClock } from "../support/operator-api.ts";
import { CONTRACT, DEMO, officialEntitlementClient } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "a manual clock and a catalogue of its own" });

const NOW = "2026-03-10T12:00:00Z";
const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
const { productCode, identified, licensed } = CONTRACT;

let server: DemoMarket;
let client: MarketplaceEntitlementServiceClient;

beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  client = officialEntitlementClient(server.endpoint);
});

afterAll(async () => {
  expect(await meteringRecords(server), "GetEntitlements meters nothing").toEqual([]);
  await server.stop();
});

type Ask = Partial<GetEntitlementsCommandInput>;

const ask = (input: Ask = {}, through = client): Promise<GetEntitlementsCommandOutput> =>
  through.send(new GetEntitlementsCommand({ ProductCode: productCode, ...input }));
const entitlements = async (input: Ask = {}, through = client): Promise<readonly Entitlement[]> =>
  (await ask(input, through)).Entitlements ?? [];
/** Who is entitled to what: a customer's account, and the dimension. */
const named = (found: readonly Entitlement[]): string[] =>
  found.map(({ CustomerAWSAccountId, Dimension }) => `${CustomerAWSAccountId} ${Dimension}`);

const FIRST = ["edition", "single_sign_on", "storage_tb", "users"].map((name) => `444455556666 ${name}`);
const THIRD = ["edition", "users"].map((name) => `222233334444 ${name}`);

test("a seller sees what every customer is entitled to, each value under its type (Rules E4, E5)", async () => {
  const ExpirationDate = new Date("2099-01-01T00:00:00Z");
  const first = { ProductCode: productCode, ...identified, ExpirationDate };
  const third = { ProductCode: productCode, ...licensed };
  expect(await ask()).toEqual({
    $metadata: expect.objectContaining({ httpStatusCode: 200, attempts: 1 }) as object,
    Entitlements: [
      { ...first, Dimension: "edition", Value: { StringValue: "enterprise" } },
      { ...first, Dimension: "single_sign_on", Value: { BooleanValue: true } },
      { ...first, Dimension: "storage_tb", Value: { DoubleValue: 2.5 } },
      { ...first, Dimension: "users", Value: { IntegerValue: 10 } },
      { ...third, Dimension: "edition", Value: { StringValue: "basic" } },
      {
        ...third,
        Dimension: "users",
        Value: { IntegerValue: 3 },
        ExpirationDate: new Date("2098-07-01T00:00:00Z"),
      },
    ],
  });
});

describe("Rule E3: a filter", () => {
  const filters: readonly [string, Ask["Filter"], string[]][] = [
    ["without keys leaves all", {}, [...FIRST, ...THIRD]],
    ["by identifier", { CUSTOMER_IDENTIFIER: ["demoCustomer1"] }, FIRST],
    ["by an identifier of another product", { CUSTOMER_IDENTIFIER: ["demoCustomer2"] }, []],
    ["by account", { CUSTOMER_AWS_ACCOUNT_ID: [licensed.CustomerAWSAccountId] }, THIRD],
    ["by either of two accounts", { CUSTOMER_AWS_ACCOUNT_ID: ["222233334444", "444455556666"] }, [...FIRST, ...THIRD]],
    ["by licence", { LICENSE_ARN: [licensed.LicenseArn] }, THIRD],
    ["by a licence of another product", { LICENSE_ARN: [licensed.LicenseArn.replace(/5$/, "1")] }, []],
    ["by dimension", { DIMENSION: ["users"] }, ["444455556666 users", "222233334444 users"]],
    ["by either of two dimensions", { DIMENSION: ["users", "storage_tb"] }, [
      "444455556666 storage_tb", "444455556666 users", "222233334444 users",
    ]],
    ["by a value that nothing has, beside one", { DIMENSION: ["nothing", "storage_tb"] }, ["444455556666 storage_tb"]],
    ["by customer and dimension", { CUSTOMER_IDENTIFIER: ["demoCustomer1"], DIMENSION: ["users"] }, ["444455556666 users"]],
    ["by account, dimension and licence", {
      CUSTOMER_AWS_ACCOUNT_ID: ["222233334444", "444455556666"], DIMENSION: ["edition"], LICENSE_ARN: [identified.LicenseArn],
    }, ["444455556666 edition"]],
    ["by keys that do not meet", { CUSTOMER_AWS_ACCOUNT_ID: ["222233334444"], DIMENSION: ["storage_tb"] }, []],
    ["in other capitals", { DIMENSION: ["USERS"] }, []],
  ]; // prettier-ignore

  test.each(filters)("%s", async (_what, Filter, found) => {
    expect(named(await entitlements({ Filter }))).toEqual(found);
  });

  test("by identifier and account at once is refused", async () => {
    const Filter = { CUSTOMER_IDENTIFIER: ["demoCustomer1"], CUSTOMER_AWS_ACCOUNT_ID: ["444455556666"] };
    const refusal = ask({ Filter });
    await expect(refusal).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(refusal).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Filter names customers by CUSTOMER_IDENTIFIER or by CUSTOMER_AWS_ACCOUNT_ID, not by both/,
      ) as string,
      $metadata: { httpStatusCode: 400 },
    });
  });
});

/** Which agreement, by the end of its licence, and the dimension. */
const places = (found: readonly Entitlement[]): unknown[] =>
  found.map(({ LicenseArn, Dimension }) => [LicenseArn?.replace(/.*:l-/, ""), Dimension]);

describe("Rule E5: pages", () => {
  const MANY = "manyabcdefghijklmnopqrstu";
  const dimensions = ["a", "b", "c"];
  const all = Array.from({ length: 20 }, (_, i) => dimensions.map((name) => [`many-${10 + i}`, name])).flat();

  beforeAll(async () => {
    await add(server, "/products", {
      productCode: MANY,
      title: "Many",
      seller: DEMO.seller,
      type: "saas",
      pricing: "contract-with-usage",
      dimensions: dimensions.map((name) => ({ name, kind: "entitled" })),
    });
    for (let i = 19; i >= 0; i -= 1) {
      await add(server, "/agreements", {
        agreementId: `many-${10 + i}`,
        productCode: MANY,
        customerAccountId: i % 2 === 0 ? "444455556666" : "777788889999",
        customerIdentifier: i % 2 === 0 ? "even" : "odd",
        licenseArn: `arn:aws:license-manager::294406891311:license:l-many-${10 + i}`,
        startsAt: "2026-01-01T00:00:00Z",
        entitlements: dimensions.toReversed().map((dimension) => ({ dimension, value: i })),
      });
    }
  });

  test.each([[undefined, [25, 25, 10]], [25, [25, 25, 10]], [20, [20, 20, 20]], [7, [7, 7, 7, 7, 7, 7, 7, 7, 4]]])(
    "of %j lead through 60 entitlements in the order of agreements and dimensions, each shown once",
    async (MaxResults, sizes) => {
      const pages: GetEntitlementsCommandOutput[] = [];
      let NextToken: string | undefined;
      do {
        const page = await ask({ ProductCode: MANY, MaxResults, NextToken });
        pages.push(page);
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      expect(pages.map((page) => page.Entitlements?.length)).toEqual(sizes);
      expect(places(pages.flatMap((page) => page.Entitlements ?? []))).toEqual(all);
    },
  ); // prettier-ignore

  test("are followed by the SDK's own paginator, with a filter", async () => {
    const found: Entitlement[] = [];
    const input = { ProductCode: MANY, Filter: { CUSTOMER_IDENTIFIER: ["odd"], DIMENSION: ["a", "c"] } };
    for await (const page of paginateGetEntitlements({ client, pageSize: 3 }, input)) {
      found.push(...(page.Entitlements ?? []));
    }
    expect(places(found)).toEqual(all.filter(([id, name]) => Number(id?.slice(5)) % 2 === 1 && name !== "b"));
  });

  test("may change their size on the way, and be asked for again", async () => {
    const { NextToken } = await ask({ ProductCode: MANY, MaxResults: 3 });
    const again = { ProductCode: MANY, NextToken };
    expect(places(await entitlements({ ...again, MaxResults: 5 }))).toEqual(all.slice(3, 8));
    expect(places(await entitlements({ ...again, MaxResults: 2 }))).toEqual(all.slice(3, 5));
  });

  describe("begin by a token that is refused", () => {
    const FILTER = { DIMENSION: ["a", "b"] };
    let NextToken: string;
    beforeAll(async () => {
      NextToken = (await ask({ ProductCode: MANY, Filter: FILTER, MaxResults: 3 })).NextToken ?? "";
      expect(NextToken).toMatch(/^[A-Za-z0-9+/]{20,}=*$/);
    });

    const wrong: readonly [string, (token: string) => Ask][] = [
      ["with another filter", (token) => ({ NextToken: token, Filter: { DIMENSION: ["a"] } })],
      ["with another key of the filter", (token) => ({ NextToken: token, Filter: { LICENSE_ARN: ["a", "b"] } })],
      ["without its filter", (token) => ({ NextToken: token, Filter: undefined })],
      ["for another product", (token) => ({ NextToken: token, ProductCode: productCode })],
      ["when altered", (token) => ({ NextToken: (token.startsWith("A") ? "B" : "A") + token.slice(1) })],
      ["when cut", (token) => ({ NextToken: token.slice(0, -1) })],
      ["when made up", () => ({ NextToken: "bWFkZSB1cA" })],
    ];
    test.each(wrong)("%s", async (_what, input) => {
      const refusal = ask({ ProductCode: MANY, Filter: FILTER, ...input(NextToken) });
      await expect(refusal).rejects.toBeInstanceOf(InvalidParameterException);
      await expect(refusal).rejects.toMatchObject({
        message: "The NextToken is invalid, or was given for another query.",
      });
    });

    test("and not where the same filter is put in another order", async () => {
      const Filter = { DIMENSION: ["b", "a", "a"] };
      expect(places(await entitlements({ ProductCode: MANY, Filter, NextToken, MaxResults: 2 }))).toEqual([
        ["many-11", "b"],
        ["many-12", "a"],
      ]);
    });
  });
});

describe("Rules E1, E2: nothing is shown, and nothing refused,", () => {
  const other = { accessKeyId: "AKIAOTHERSELLER00001", secretAccessKey: "other" };
  const OTHERS = "otherabcdefghijklmnopqrst";

  beforeAll(async () => {
    await add(server, "/accounts", { id: "999900001111", users: [{ name: "seller", ...other }] });
    const dimensions = [{ name: "users", kind: "entitled" }];
    const product = { productCode: OTHERS, title: "Other", seller: "999900001111", type: "saas", pricing: "contract" };
    await add(server, "/products", { ...product, dimensions });
    await add(server, "/products", { ...product, productCode: `${OTHERS}-ami`, type: "ami", dimensions });
    const agreement = { customerAccountId: "444455556666", startsAt: "2026-01-01T00:00:00Z" };
    const granted = [{ dimension: "users", value: 1 }];
    for (const code of [OTHERS, `${OTHERS}-ami`]) {
      await add(server, "/agreements", { agreementId: code, productCode: code, ...agreement, entitlements: granted });
    }
  });

  test("of another seller's product, to either side", async () => {
    const through = officialEntitlementClient(server.endpoint, other);
    expect(named(await entitlements({ ProductCode: OTHERS }, through))).toEqual(["444455556666 users"]);
    expect(await ask({ ProductCode: OTHERS })).toMatchObject({ Entitlements: [] });
    expect(await ask({}, through)).toMatchObject({ Entitlements: [] });
  });

  test("of a product that there is not, or that has no contract, or is not SaaS", async () => {
    const through = officialEntitlementClient(server.endpoint, other);
    expect(await ask({ ProductCode: "nothing of the kind" })).toMatchObject({ Entitlements: [] });
    expect(await ask({ ProductCode: DEMO.productCode })).toMatchObject({ Entitlements: [] });
    expect(await ask({ ProductCode: `${OTHERS}-ami` }, through)).toMatchObject({ Entitlements: [] });
  });
});

test("S2, Rule N3: aws-marketplace:GetEntitlements is what permits it", async () => {
  await expect(ask({}, officialEntitlementClient(server.endpoint, READ_ONLY))).rejects.toMatchObject({
    name: "AccessDeniedException",
    message: `User: arn:aws:iam::${DEMO.seller}:user/read-only is not authorized to perform: aws-marketplace:GetEntitlements because no identity-based policy allows the aws-marketplace:GetEntitlements action`,
  });
  const key = { accessKeyId: "AKIAONLYENTITLEMENTS", secretAccessKey: "only" };
  const statement = { Effect: "Allow", Action: "aws-marketplace:GetEntitlements", Resource: "*" };
  const users = [{ name: "entitlements", ...key, policy: { Statement: [statement] } }];
  await add(server, "/accounts", { id: "999900002222", users });
  expect(await ask({}, officialEntitlementClient(server.endpoint, key))).toMatchObject({ Entitlements: [] });
});

test("Rule E4: by the service clock, entitlements come with their agreement, expire, and end with it", async () => {
  const TIMED = "timedabcdefghijklmnopqrst";
  await add(server, "/products", {
    productCode: TIMED,
    title: "Timed",
    seller: DEMO.seller,
    type: "saas",
    pricing: "contract",
    dimensions: ["long", "short"].map((name) => ({ name, kind: "entitled" })),
  });
  await add(server, "/agreements", {
    agreementId: "timed",
    productCode: TIMED,
    customerAccountId: "444455556666",
    startsAt: "2026-03-10T12:00:10Z",
    endsAt: "2026-03-10T12:00:30Z",
    entitlements: [
      { dimension: "long", value: 1, expiresAt: "2027-01-01T00:00:00Z" },
      { dimension: "short", value: 1, expiresAt: "2026-03-10T12:00:20Z" },
    ],
  });
  const at = async (second: number): Promise<unknown[]> => {
    await moveClock(server, { now: `2026-03-10T12:00:${second}Z` });
    const found = await entitlements({ ProductCode: TIMED });
    return found.map(({ Dimension, ExpirationDate }) => [Dimension, ExpirationDate?.toISOString().slice(17, 19)]);
  };
  expect(await entitlements({ ProductCode: TIMED })).toEqual([]);
  expect(await at(10)).toEqual([["long", "30"], ["short", "20"]]); // prettier-ignore
  expect(await at(19)).toHaveLength(2);
  expect(await at(20)).toEqual([["long", "30"]]);
  expect(await at(29)).toHaveLength(1);
  expect(await at(30)).toEqual([]);
});
