/** Accounts, products and agreements through the operator API: added, shown, listed, changed, and refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { CONTRACT, DEMO, startServer, type RunningServer } from "../support/server.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:"]);
});
afterAll(() => server.stop());

const call = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });

const ACCOUNT = {
  id: "999900000001",
  title: "A buyer",
  users: [{ name: "app", policy: { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } }],
  roles: [{ name: "role" }],
};
const PRODUCT = {
  productCode: "9abcdefghijklmnopqrstuvwx",
  title: "A product",
  seller: DEMO.seller,
  type: "saas",
  pricing: "usage",
  fulfilmentUrl: "https://seller.example/register",
  dimensions: [{ name: "gb", price: "0.25", kind: "metered" }],
};
const AGREEMENT = {
  agreementId: "agreement one",
  productCode: CONTRACT.productCode,
  customerAccountId: "444455556666",
  licenseArn: "arn:aws:license-manager::294406891311:license:l-9",
  startsAt: "2026-01-01T00:00:00.000Z",
  endsAt: "2027-01-01T00:00:00.000Z",
  freeTrial: false,
  entitlements: [{ dimension: "users", value: 5, expiresAt: "2026-06-01T00:00:00.000Z" }],
};

/** One document of each kind; how it is shown; the member that cannot be changed; one that can be left out. */
const KINDS = [
  {
    path: "/accounts",
    document: ACCOUNT,
    shown: { ...ACCOUNT, users: [{ ...ACCOUNT.users[0], accessKeyIds: [] }] },
    idMember: "id",
    optional: "title",
    otherId: "999900000002",
  },
  {
    path: "/products",
    document: PRODUCT,
    shown: PRODUCT,
    idMember: "productCode",
    optional: "fulfilmentUrl",
    otherId: "8abcdefghijklmnopqrstuvwx",
  },
  {
    path: "/agreements",
    document: AGREEMENT,
    shown: { ...AGREEMENT, status: "active" },
    idMember: "agreementId",
    optional: "endsAt",
    otherId: "agreement two",
  },
] as const;

describe.each(KINDS)("$path", ({ path, document, shown, idMember, optional, otherId }) => {
  const id = (document as Record<string, unknown>)[idMember] as string;
  const one = `${path}/${encodeURIComponent(id)}`;

  test("what is added is shown as it was written, by itself and in the list", async () => {
    const added = await call("POST", path, document);
    expect(added.status, added.text).toBe(201);
    expect(added.json).toEqual(shown);
    expect((await call("GET", one)).json).toEqual(shown);
    const list = (await call("GET", path)).json as { items: unknown[] };
    expect(list.items).toContainEqual(shown);
  });

  test("what is there cannot be added again", async () => {
    expectProblem(await call("POST", path, { ...document, [optional]: undefined }), 409, /exists already/);
    expect((await call("GET", one)).json).toEqual(shown);
  });

  test("what is not there is neither shown nor changed", async () => {
    expectProblem(await call("GET", `${path}/nothing`), 404, /nothing\.$/);
    expectProblem(await call("PATCH", `${path}/nothing`, {}), 404, /nothing\.$/);
  });

  test("a change replaces the members that it names and leaves the others", async () => {
    expect((await call("PATCH", one, {})).json).toEqual(shown);
    const value = path === "/agreements" ? "2028-01-01T00:00:00.000Z" : "https://other.example/";
    const changed = await call("PATCH", one, { [optional]: value });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.json).toEqual({ ...shown, [optional]: value });
    expect((await call("GET", one)).json).toEqual({ ...shown, [optional]: value });
  });

  test("null takes a member away", async () => {
    const changed = await call("PATCH", one, { [optional]: null });
    expect(changed.status).toBe(200);
    expect(changed.json).not.toHaveProperty(optional);
    expect((await call("GET", one)).json).not.toHaveProperty(optional);
  });

  test("null cannot take away what must be there", async () => {
    const before = await call("GET", one);
    const answer = await call("PATCH", one, { [idMember]: null });
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(`^${idMember}: `) as string]);
    expect((await call("GET", one)).json).toEqual(before.json);
  });

  test("the id cannot be changed, but may be repeated", async () => {
    const answer = await call("PATCH", one, { [idMember]: otherId });
    expectProblem(answer, 422, /does not fit/, [expect.stringContaining("cannot be changed") as string]);
    expect((await call("PATCH", one, { [idMember]: id })).status).toBe(200);
    expect((await call("GET", `${path}/${encodeURIComponent(otherId)}`)).status).toBe(404);
  });

  test("what is shown can be sent back as a change", async () => {
    const before = await call("GET", one);
    const changed = await call("PATCH", one, before.json);
    expect(changed.status, changed.text).toBe(200);
    expect(changed.json).toEqual(before.json);
  });

  test("an unknown member is refused, whether added or changed", async () => {
    const added = await call("POST", path, { ...document, [idMember]: otherId, surplus: 1 });
    expectProblem(added, 422, /does not fit/, ["unknown member surplus"]);
    expectProblem(await call("PATCH", one, { surplus: 1 }), 422, /does not fit/, ["unknown member surplus"]);
  });
});

describe("complaints", () => {
  test("name every member that is wrong, by its path", async () => {
    const answer = await call("POST", "/products", {
      ...PRODUCT,
      seller: "12",
      type: "book",
      dimensions: [{ name: "a" }, { name: "b", price: 1 }],
    });
    expect(answer.status).toBe(422);
    const paths = (answer.json as { errors: string[] }).errors.map((line) => line.split(":")[0]);
    expect(paths).toEqual(["seller", "type", "dimensions.1.price"]);
  });

  test("say the same of a change as of an addition", async () => {
    const wrong = { users: [{ name: "app" }, { name: "app" }], roles: [{}] };
    const added = await call("POST", "/accounts", { id: "999900000003", ...wrong });
    const changed = await call("PATCH", `/accounts/${ACCOUNT.id}`, wrong);
    expect(added.status).toBe(422);
    expect(changed.json).toEqual(added.json);
  });

  test("never quote a secret", async () => {
    const secret = "do-not-repeat-this";
    const users = [
      [{ name: "a", secretAccessKey: secret }],
      [{ name: "a", accessKeyId: secret, secretAccessKey: secret }],
      [{ name: "a", accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey: secret.repeat(10) }],
      [{ name: "a", accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey: [secret] }],
      [{ name: "a", accessKeyId: DEMO.accessKeyId, secretAccessKey: secret }],
      [secret],
    ];
    for (const given of users) {
      for (const [method, path, body] of [
        ["POST", "/accounts", { id: "999900000004", users: given }],
        ["PATCH", `/accounts/${ACCOUNT.id}`, { users: given }],
      ] as const) {
        const answer = await call(method, path, body);
        expect(answer.status, answer.text).toBe(422);
        expect((answer.json as { errors: string[] }).errors[0]).toMatch(/^(users|accessKeyId)/);
        expect(answer.text).not.toContain(secret);
      }
    }
    expect(server.output()).not.toContain(secret);
  });
});

describe("references", () => {
  test.each([
    [
      "a product of an unknown seller",
      "/products",
      { ...PRODUCT, productCode: "p1", seller: "999999999999" },
      "seller",
    ],
    ["an agreement for an unknown product", "/agreements", { productCode: "nothing" }, "productCode"],
    ["an agreement of an unknown customer", "/agreements", { customerAccountId: "999999999999" }, "customerAccountId"],
    [
      "an agreement with a licence that is another's",
      "/agreements",
      { licenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001" },
      "licenseArn",
    ],
    [
      "an agreement with an identifier that is another customer's",
      "/agreements",
      { productCode: DEMO.productCode, entitlements: [], customerIdentifier: "demoCustomer2" },
      "customerIdentifier",
    ],
    [
      "an agreement with an entitlement to a dimension that there is not",
      "/agreements",
      { licenseArn: undefined, entitlements: [AGREEMENT.entitlements[0], { dimension: "nothing", value: 1 }] },
      String.raw`entitlements\.1\.dimension`,
    ],
    [
      "an agreement with an entitlement to a metered dimension",
      "/agreements",
      { licenseArn: undefined, productCode: DEMO.productCode, entitlements: [{ dimension: "seats", value: 1 }] },
      String.raw`entitlements\.0\.dimension`,
    ],
    [
      "an agreement with two entitlements to one dimension",
      "/agreements",
      { entitlements: [AGREEMENT.entitlements[0], AGREEMENT.entitlements[0]] },
      "entitlements",
    ],
    [
      "an agreement with an entitlement to a list",
      "/agreements",
      { entitlements: [{ dimension: "users", value: [1] }] },
      String.raw`entitlements\.0\.value`,
    ],
  ])("%s is refused, and the member named", async (_name, path, wrong, member) => {
    const body = path === "/agreements" ? { ...AGREEMENT, agreementId: "agreement three", ...wrong } : wrong;
    const answer = await call("POST", path, body);
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(`^${member}: `) as string]);
  });

  test("hold for changes too", async () => {
    const answer = await call("PATCH", "/agreements/agmt-demo1", {
      entitlements: [{ dimension: "nothing", value: 1 }],
    });
    expectProblem(answer, 422, /does not fit/, [
      `entitlements.0.dimension: ${DEMO.productCode} has no dimension nothing of kind entitled`,
    ]);
  });

  test("an access key that is another user's is not taken over", async () => {
    const users = [{ name: "thief", accessKeyId: DEMO.accessKeyId, secretAccessKey: "another-secret" }];
    const answer = await call("POST", "/accounts", { id: "999900000005", users });
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(/^accessKeyId: /) as string]);
    expect((await call("GET", "/accounts/999900000005")).status).toBe(404);
  });
});

test("ids are taken letter by letter, whatever they hold", async () => {
  for (const agreementId of ["a/b", "a b?c#d", "100%", "%2F", "grüße & ключ", "a".repeat(255)]) {
    const added = await call("POST", "/agreements", {
      agreementId,
      productCode: DEMO.productCode,
      customerAccountId: "444455556666",
      startsAt: "2026-01-01T00:00:00Z",
    });
    expect(added.status, added.text).toBe(201);
    const shown = await call("GET", `/agreements/${encodeURIComponent(agreementId)}`);
    expect(shown.json).toMatchObject({ agreementId });
  }
});

describe("lists", () => {
  test("come in pages that together are the whole list", async () => {
    for (const path of ["/accounts", "/products", "/agreements"]) {
      const whole = (await call("GET", `${path}?limit=1000`)).json as { items: unknown[]; nextCursor?: string };
      expect(whole.nextCursor).toBeUndefined();
      const items: unknown[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await call("GET", `${path}?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`);
        const { items: some, nextCursor } = page.json as { items: unknown[]; nextCursor?: string };
        expect(some.length).toBeLessThanOrEqual(2);
        items.push(...some);
        cursor = nextCursor;
        pages += 1;
      } while (cursor !== undefined);
      expect(items).toEqual(whole.items);
      expect(pages).toBe(Math.ceil(whole.items.length / 2));
    }
  });

  test.each(["0", "1001", "-1", "1.5", "many"])("a limit of %s is refused", async (limit) => {
    const answer = await call("GET", `/products?limit=${limit}`);
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(/^limit: /) as string]);
  });

  test.each(["x", "-1", "1.5", "%00"])("a cursor that was never given out (%s) is a bad request", async (cursor) => {
    expectProblem(await call("GET", `/accounts?cursor=${cursor}`), 400, /^The cursor is invalid\.$/);
  });
});

test("of two callers who add the same at once, one is refused", async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => call("POST", "/accounts", { id: "999900000006", title: `Caller ${i}` })),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(7);
});

test("a patch that is nested without end is refused, and troubles nobody else", async () => {
  const body = `{"users":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const answer = await callOperator(server, "PATCH", "/accounts/444455556666", { body });
  expectProblem(answer, 422, /nested more than 32 levels/);
});
