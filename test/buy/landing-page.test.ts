/** The example seller's landing page: what it makes of tokens that are good, garbled, expired or not there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { startLandingPage, type LandingPage } from "../support/landing-page.ts";

let server: DemoMarket;
let seller: LandingPage;
beforeAll(async () => {
  server = await demoMarket({ now: "2026-07-20T12:00:00Z" });
  seller = await startLandingPage(server.endpoint);
});
afterAll(async () => {
  seller.stop();
  await server.stop();
});

async function newToken(): Promise<string> {
  const { body } = await server.operator("POST", "/registration-tokens", { agreementId: "agmt-demo1" });
  return (body as { registrationToken: string }).registrationToken;
}

async function register(body: string | URLSearchParams): Promise<{ status: number; text: string }> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(seller.url, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

test("a token is resolved to its customer, as often as it comes", async () => {
  const form = new URLSearchParams({ "x-amzn-marketplace-token": await newToken() });
  for (const answer of [await register(form), await register(form)]) {
    expect(answer.status).toBe(200);
    for (const text of ["444455556666", "demoCustomer1", "0abcdefghijklmnopqrstuvwx", "license:l-"]) {
      expect(answer.text).toContain(text);
    }
  }
});

test("a token that was not encoded, so that its plus signs are lost, is refused", async () => {
  const { status, text } = await register(`x-amzn-marketplace-token=${await newToken()}`);
  expect(status).toBe(400);
  expect(text).toContain("cannot be confirmed");
});

test.each(["", "x-amzn-marketplace-token=", "x-amzn-marketplace-offer-type=free-trial"])(
  "a form without a token (%j) is refused",
  async (body) => {
    const { status, text } = await register(body);
    expect(status).toBe(400);
    expect(text).toContain("No registration token");
  },
);

test("a body that is too large is refused, and so is what is no registration", async () => {
  expect((await register("a".repeat(16_385))).status).toBe(413);
  expect((await fetch(seller.url)).status).toBe(405);
  expect((await fetch(new URL("/other", seller.url))).status).toBe(404);
});

test("an expired token is refused with what to do", async () => {
  const form = new URLSearchParams({ "x-amzn-marketplace-token": await newToken() });
  await server.operator("PUT", "/clock", { advanceSeconds: 4 * 3_600 });
  const { status, text } = await register(form);
  expect(status).toBe(400);
  expect(text).toContain("has expired");
});
