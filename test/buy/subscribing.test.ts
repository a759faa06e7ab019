/** What a subscription by the buy page does: once, at the service clock's time, and as entries of the ledger. */
import { ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeEntry } from "../../packages/server/src/ledger/entry-codec.ts";
import type { LedgerEntry } from "../../packages/server/src/ledger/entry.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { newFolder, start } from "../support/scoped.ts";
import { openForm, postForm, tokenOf } from "./form.ts";

const NOW = "2026-07-20T12:00:00Z";
let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ now: NOW });
});
afterAll(() => server.stop());

interface Shown {
  readonly agreementId: string;
  readonly customerAccountId: string;
  readonly startsAt: string;
}

async function agreementsOf(account: string): Promise<Shown[]> {
  const { body } = await server.operator("GET", "/agreements?limit=1000");
  return (body as { items: Shown[] }).items.filter(({ customerAccountId }) => customerAccountId === account);
}

test("a new buyer has an account and an agreement from now on, in the form that AWS gives it", async () => {
  const { form, newAccount } = await openForm(server, DEMO.productCode);
  const answer = await postForm(server, DEMO.productCode, { form, account: newAccount, freeTrial: "on" });
  expect(answer.status).toBe(200);
  expect((await server.operator("GET", `/accounts/${newAccount}`)).body).toEqual({
    id: newAccount,
    users: [],
    roles: [],
  });
  const [agreement, ...others] = await agreementsOf(newAccount);
  expect(others).toEqual([]);
  expect(agreement).toEqual({
    agreementId: expect.stringMatching(/^agmt-[a-z0-9]{25}$/) as string,
    productCode: DEMO.productCode,
    customerAccountId: newAccount,
    customerIdentifier: expect.stringMatching(/^[A-Za-z0-9]{11}$/) as string,
    licenseArn: expect.stringMatching(/^arn:aws:license-manager::\d{12}:license:l-[0-9a-f]{32}$/) as string,
    startsAt: "2026-07-20T12:00:00.000Z",
    freeTrial: true,
    entitlements: [],
    status: "active",
  });
});

test("a form that is sent again, even at the same moment, subscribes once", async () => {
  const { form, newAccount } = await openForm(server, DEMO.productCode);
  const fields = { form, account: newAccount };
  const sendIt = (): ReturnType<typeof postForm> => postForm(server, DEMO.productCode, fields);
  const answers = [...(await Promise.all([sendIt(), sendIt(), sendIt()])), await sendIt()];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const tokens = answers.map(tokenOf);
  expect(new Set(tokens).size).toBe(4);
  expect(await agreementsOf(newAccount)).toHaveLength(1);
  const client = officialClient(server.endpoint);
  for (const RegistrationToken of tokens) {
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
    expect(resolved.CustomerAWSAccountId).toBe(newAccount);
  }
  client.destroy();
});

test("a form that has subscribed one account subscribes no other", async () => {
  await server.operator("POST", "/accounts", { id: "555500001111" });
  const { form, newAccount } = await openForm(server, DEMO.productCode);
  expect((await postForm(server, DEMO.productCode, { form, account: newAccount })).status).toBe(200);
  const second = await postForm(server, DEMO.productCode, { form, account: "555500001111" });
  expect(second.status).toBe(409);
  expect(second.text).toContain("exists already");
  expect(await agreementsOf("555500001111")).toEqual([]);
});

test("an agreement that has ended does not keep its customer from subscribing again", async () => {
  await server.operator("POST", "/accounts", { id: "555500002222" });
  await server.operator("POST", "/agreements", {
    agreementId: "agmt-ended",
    productCode: DEMO.productCode,
    customerAccountId: "555500002222",
    customerIdentifier: "keptIdentifier",
    startsAt: "2025-01-01T00:00:00Z",
    endsAt: NOW,
  });
  const { form } = await openForm(server, DEMO.productCode);
  const answer = await postForm(server, DEMO.productCode, { form, account: "555500002222" });
  expect(tokenOf(answer)).toBeDefined();
  const agreements = await agreementsOf("555500002222");
  expect(agreements).toHaveLength(2);
  expect(agreements[1]).toMatchObject({ customerIdentifier: "keptIdentifier", startsAt: "2026-07-20T12:00:00.000Z" });
});

test("who has the product under other names by now is named by those, or by none that is new (Rule K8)", async () => {
  const BUYER = "555500003333";
  await server.operator("POST", "/accounts", { id: BUYER });
  const common = { productCode: DEMO.productCode, customerAccountId: BUYER };
  const old = { ...common, agreementId: "agmt-old", customerIdentifier: "oldName", startsAt: "2025-01-01T00:00:00Z" };
  expect((await server.operator("POST", "/agreements", old)).status).toBe(201);
  const again = async (): Promise<object | undefined> => {
    const { form } = await openForm(server, DEMO.productCode);
    const fields = { form, account: BUYER, wish: "subscribe-again" };
    expect((await postForm(server, DEMO.productCode, fields)).status).toBe(200);
    return (await agreementsOf(BUYER)).at(-1);
  };
  const first = await again();
  expect(first).toMatchObject({ customerIdentifier: "oldName" });
  expect(first).not.toHaveProperty("licenseArn");
  for (const agreementId of (await agreementsOf(BUYER)).map((agreement) => agreement.agreementId).slice(1)) {
    expect(
      (await server.operator("PATCH", `/agreements/${agreementId}`, { endsAt: "2026-07-20T12:00:01Z" })).status,
    ).toBe(200);
  }
  const replacing = {
    ...common,
    agreementId: "agmt-new",
    customerIdentifier: "newName",
    replaces: "agmt-old",
    startsAt: "2026-07-20T14:00:00Z",
  };
  const replaced = await server.operator("POST", "/agreements", replacing);
  expect(replaced.status, JSON.stringify(replaced.body)).toBe(201);
  expect(await again(), "neither name is that of all its hours").not.toHaveProperty("customerIdentifier");
});

test("what came by the buy page is in the ledger as that, durable, and without the token", async () => {
  const folder = newFolder();
  const args = ["--store", `sqlite:${folder}`];
  const first = await start(args);
  const { form, newAccount } = await openForm(first, DEMO.productCode);
  const fields = { form, account: newAccount };
  const token = tokenOf(await postForm(first, DEMO.productCode, fields, { "user-agent": "a browser" })) ?? "";
  expect(token).not.toBe("");
  await first.kill();

  const entries = (await entriesOf(folder)).filter(({ call }) => call.principal === "buy-page");
  expect(entries.map(({ call, event }) => [call.operation, event.kind])).toEqual([
    ["CreateAccount", "catalogue-changed"],
    ["CreateAgreement", "catalogue-changed"],
    ["IssueRegistrationToken", "registration-token-issued"],
  ]);
  for (const { call } of entries) {
    expect(call).toMatchObject({ accountId: newAccount, sourceAddress: "127.0.0.1", userAgent: "a browser" });
  }
  expect(JSON.stringify(entries)).not.toContain(token);
  const second = await start(args);
  const client = officialClient(second.endpoint);
  const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken: token }));
  client.destroy();
  expect(resolved.CustomerAWSAccountId).toBe(newAccount);
});

async function entriesOf(folder: string): Promise<LedgerEntry[]> {
  const engine = openSqliteEngine(folder);
  const { items } = await engine.entries({ order: "oldest", limit: 1_000 });
  await engine.close();
  return items.map(decodeEntry);
}
