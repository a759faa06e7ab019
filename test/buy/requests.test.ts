/** The buy page's headers, and the requests that it does not take: from elsewhere, malformed, too large, for nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { bytesOf, exchange, send, type RawAnswer } from "../support/raw-client.ts";
import { DEMO, startServer } from "../support/server.ts";
import { openForm, postForm, tokenOf } from "./form.ts";

const IMAGE = "acme-image";
let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket();
  const product = { productCode: IMAGE, title: "Acme Image", seller: DEMO.seller, type: "ami", pricing: "usage" };
  await server.operator("POST", "/products", product);
  const box = { ...product, productCode: "box", type: "container", pricing: "byol" };
  await server.operator("POST", "/products", { ...box, dimensions: [{ name: "running_time", kind: "hours" }] });
  await server.operator("POST", "/products", { ...product, productCode: "hours", pricing: "hourly" });
});
afterAll(() => server.stop());

function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
  const { host } = new URL(server.endpoint);
  return send(server.endpoint, { method: "GET", path, headers: { host, ...headers }, body: Buffer.alloc(0) });
}

async function agreementCount(): Promise<number> {
  const { body } = await server.operator("GET", "/agreements?limit=1000");
  return (body as { items: unknown[] }).items.length;
}

/** The answer is a page that refuses, with a token in it nowhere, and nothing has come of the request. */
async function expectRefused(answer: Promise<RawAnswer>, status: number, text: RegExp): Promise<void> {
  const before = await agreementCount();
  const { text: page, headers, ...rest } = await answer;
  expect(rest.status, page).toBe(status);
  expect(headers["content-type"]).toBe("text/html; charset=UTF-8");
  expect(page).toMatch(text);
  expect(page).not.toContain("x-amzn-marketplace-token");
  expect(await agreementCount()).toBe(before);
}

describe("headers", () => {
  const STYLE = /style-src 'sha256-[\w+/=]{44}'/.source;
  const COMMON = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

  test.each(["/buy/", "/buy", `/buy/${DEMO.productCode}`, `/buy/${IMAGE}`, "/buy/nothing", "/buy/a/b"])(
    "%s allows its own style and its own form, and nothing else",
    async (path) => {
      const { headers } = await get(path);
      expect(headers).toMatchObject({ ...COMMON, "referrer-policy": "same-origin" });
      expect(headers["content-security-policy"]).toMatch(
        new RegExp(
          `^default-src 'none'; ${STYLE}; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'$`,
        ),
      );
    },
  );

  test("the page that hands over allows its one script, and a form that goes to a seller", async () => {
    const { form, newAccount } = await openForm(server, DEMO.productCode);
    const { headers, text } = await postForm(server, DEMO.productCode, { form, account: newAccount });
    expect(headers).toMatchObject({ ...COMMON, "referrer-policy": "no-referrer" });
    expect(headers["content-security-policy"]).toMatch(
      /frame-ancestors 'none'; script-src 'sha256-[\w+/=]{44}'; form-action http: https:$/,
    );
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text).not.toMatch(/(src|href)="(?!data:,"|\/buy\/")/);
  });
});

describe("outside a lab", () => {
  test("there is no such page", async () => {
    const outside = await startServer(["--store", "memory:", "--no-lab"]);
    try {
      for (const path of ["/buy", "/buy/", `/buy/${DEMO.productCode}`]) {
        for (const method of ["GET", "POST"]) {
          const answer = await fetch(`${outside.endpoint}${path}`, { method });
          expect([answer.status, await answer.text()]).toEqual([404, "Not found\n"]);
        }
      }
      expect(outside.output()).not.toContain("/buy/");
    } finally {
      await outside.stop();
    }
  });
});

describe("a form from elsewhere is refused", () => {
  test.each([
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["another port of this host", { "sec-fetch-site": "same-site", origin: "http://127.0.0.1:9" }],
    ["another site, in an old browser", { origin: "https://evil.example" }],
    ["a page without an origin", { origin: "null" }],
    ["a program that does not say", { origin: undefined }],
  ])("from %s", async (_where, headers) => {
    const { form, newAccount } = await openForm(server, DEMO.productCode);
    const posted = postForm(server, DEMO.productCode, { form, account: newAccount }, headers);
    await expectRefused(posted, 403, /only from the page itself/);
  });

  test("and the same form from the page itself is taken", async () => {
    for (const headers of [{ "sec-fetch-site": "same-origin", origin: undefined }, {}]) {
      const { form, newAccount } = await openForm(server, DEMO.productCode);
      const answer = await postForm(server, DEMO.productCode, { form, account: newAccount }, headers);
      expect(answer.status).toBe(200);
      expect(tokenOf(answer)).toBeDefined();
    }
  });

  test("whose name was made to stand for this machine", async () => {
    for (const path of ["/buy/", `/buy/${DEMO.productCode}`]) {
      const answer = get(path, { host: "evil.example:7420" });
      await expectRefused(answer, 403, /by the server’s address, or as localhost/);
      expect((await answer).text).not.toContain("Acme");
    }
    const { form, newAccount } = await openForm(server, DEMO.productCode);
    const headers = { host: "evil.example:7420", origin: "http://evil.example:7420", "sec-fetch-site": "same-origin" };
    const posted = postForm(server, DEMO.productCode, { form, account: newAccount }, headers);
    await expectRefused(posted, 403, /by the server’s address/);
  });

  test("that is no form of this server, or of another product", async () => {
    const { form } = await openForm(server, "1abcdefghijklmnopqrstuvwx");
    const altered = `${form.slice(0, -2)}AA`;
    for (const hidden of [{ form }, { form: altered }, { form: "" }, {}]) {
      const fields = { ...hidden, account: "444455556666", wish: "subscribe-again" };
      await expectRefused(postForm(server, DEMO.productCode, fields), 403, /not one that this server made/);
    }
  });
});

describe("a form is refused", () => {
  test.each([
    ["for the seller itself", DEMO.seller, /does not buy its own product/],
    ["for an account that is not there", "123412341234", /Choose one of the accounts/],
    ["for no account", "", /Choose one of the accounts/],
    ["for an account that is HTML", "<b>x</b>", /^(?!.*<b>x)[^]*Choose one of the accounts/],
  ])("%s", async (_what, account, text) => {
    const { form } = await openForm(server, DEMO.productCode);
    await expectRefused(postForm(server, DEMO.productCode, { form, account }), 422, text);
  });

  test.each([undefined, "application/json", "text/plain", "multipart/form-data; boundary=x"])(
    "that is sent as %s",
    async (type) => {
      const { form, newAccount } = await openForm(server, DEMO.productCode);
      const posted = postForm(server, DEMO.productCode, { form, account: newAccount }, { "content-type": type });
      await expectRefused(posted, 415, /sent as a form/);
    },
  );

  test("that is too large, and the connection serves on", async () => {
    const { host, origin } = new URL(server.endpoint);
    const head = { host, origin, "content-type": "application/x-www-form-urlencoded" };
    const path = `/buy/${DEMO.productCode}`;
    const large = bytesOf({ method: "POST", path, headers: head, body: Buffer.alloc(16_385, "a") });
    const next = bytesOf({
      method: "GET",
      path: "/healthz",
      headers: { host, connection: "close" },
      body: Buffer.alloc(0),
    });
    const answers = await exchange(server.endpoint, Buffer.concat([large, next]));
    expect(answers).toMatch(/^HTTP\/1.1 413 [^]*at most 16384 bytes[^]*HTTP\/1.1 200 OK[^]*ok\n$/);
  });

  test.each(["account", "freeTrial", "freetrial", "coupon"])("a form with %s too much is refused", async (field) => {
    const { form } = await openForm(server, DEMO.productCode);
    const fields = new URLSearchParams({ form, account: "444455556666", freeTrial: "on" });
    fields.append(field, "222233334444");
    const { status, text } = await postForm(server, DEMO.productCode, fields.toString());
    expect(status).toBe(422);
    expect(text).toContain("fields that the page’s form does not have, or one field twice");
  });

  test.each(["form=%E0%A4%A&account=%", "&&&===", "form", "\u0000\u0001", "form=a&form=b"])(
    "that is malformed (%j)",
    async (body) => {
      await expectRefused(postForm(server, DEMO.productCode, body), 403, /not one that this server made/);
    },
  );
});

describe("products", () => {
  test.each([
    [IMAGE, "<code>MeterUsage</code>"],
    ["box", "<code>RegisterUsage</code>"],
    ["hours", "call nothing"],
  ])("%s is not bought here, and the page says what it calls: %s", async (productCode, calls) => {
    const { status, text } = await get(`/buy/${productCode}`);
    expect(status).toBe(200);
    expect(text).toContain(calls);
    expect(text).not.toContain("<form");
    await expectRefused(postForm(server, productCode, {}), 409, new RegExp(calls));
  });

  test("one that is not there is said to be missing, beside those that are", async () => {
    await expectRefused(get("/buy/%3Cb%3E"), 404, /no product <code>&lt;b&gt;<\/code>[^]*Acme Logs/);
    await expectRefused(postForm(server, "nothing", {}), 404, /no product <code>nothing<\/code>[^]*Acme Logs/);
  });

  test("a path that is no percent-encoded text is refused as such", async () => {
    const { status, text } = await get("/buy/%E0%A4%A");
    expect([status, text]).toEqual([400, "The path is not percent-encoded text\n"]);
  });

  test.each(["/buyer", "/buy.html", "/BUY/"])("%s is not of this page", async (path) => {
    const { status, text } = await get(path);
    expect([status, text]).toEqual([404, "Not found\n"]);
  });

  test.each(["/buy/a/b", "/buy/%00"])("%s is a page that is not there", async (path) => {
    await expectRefused(get(path), 404, /<h1>(Not found|No such product)<\/h1>/);
  });
});
