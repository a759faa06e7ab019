/** The catalogue file and the operator API, over several starts: what the API has set is not undone by the file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callOperator, type OperatorAnswer } from "../support/operator-call.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const folder = temporaryFolder();
const file = join(folder.path, "catalogue.yaml");

const ACCOUNT = { id: "111122223333", title: "Seller", users: [{ name: "app" }] };
const PRODUCT = {
  productCode: "product-1",
  title: "As the file says",
  seller: ACCOUNT.id,
  type: "saas",
  pricing: "usage",
  dimensions: [{ name: "gb" }],
};
const AGREEMENT = {
  agreementId: "agmt-1",
  productCode: PRODUCT.productCode,
  customerAccountId: ACCOUNT.id,
  startsAt: "2020-01-01T00:00:00Z",
};

const start = (): Promise<RunningServer> =>
  startServer(["--store", `sqlite:${join(folder.path, "data")}`, "--catalog", file]);
const call = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });
const titleOf = async (path: string): Promise<unknown> => ((await call("GET", path)).json as { title: unknown }).title;

function writeFile(document: object): void {
  // All JSON is YAML.
  writeFileSync(file, JSON.stringify(document));
}

async function restart(): Promise<void> {
  await server.stop();
  server = await start();
}

let server: RunningServer;
beforeAll(async () => {
  writeFile({ accounts: [ACCOUNT], products: [PRODUCT], agreements: [AGREEMENT] });
  server = await start();
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

test("what the operator changed and added stays, as long as the file says the same", async () => {
  await call("PATCH", "/products/product-1", { title: "As the operator says" });
  await call("PATCH", "/agreements/agmt-1", { endsAt: "2021-01-01T00:00:00.000Z" });
  await call("POST", "/accounts", { id: "999900001111", title: "Added" });
  const key = (await call("POST", `/accounts/${ACCOUNT.id}/access-keys`)).json as { accessKeyId: string };
  await restart();
  expect(await titleOf("/products/product-1")).toBe("As the operator says");
  expect((await call("GET", "/agreements/agmt-1")).json).toMatchObject({ endsAt: "2021-01-01T00:00:00.000Z" });
  expect(await titleOf("/accounts/999900001111")).toBe("Added");
  expect((await call("GET", `/accounts/${ACCOUNT.id}`)).text).toContain(key.accessKeyId);
});

test("an object of which the file says something new is written, and no other", async () => {
  writeFile({
    accounts: [{ ...ACCOUNT, title: "Seller, renamed in the file" }],
    products: [PRODUCT],
    agreements: [AGREEMENT, { ...AGREEMENT, agreementId: "agmt-2" }],
  });
  await restart();
  expect(await titleOf(`/accounts/${ACCOUNT.id}`)).toBe("Seller, renamed in the file");
  expect(await titleOf("/products/product-1")).toBe("As the operator says");
  expect((await call("GET", "/agreements/agmt-1")).json).toMatchObject({ endsAt: "2021-01-01T00:00:00.000Z" });
  expect((await call("GET", "/agreements/agmt-2")).status).toBe(200);
});

test("an object that the file leaves out stays", async () => {
  writeFile({ accounts: [ACCOUNT] });
  await restart();
  expect((await call("GET", "/products/product-1")).status).toBe(200);
});

test("a reset puts the catalogue of the start in place, and the next start finds it so", async () => {
  writeFile({ accounts: [ACCOUNT], products: [PRODUCT] });
  await restart();
  expect(await titleOf("/products/product-1")).toBe("As the operator says");
  writeFile({ accounts: [ACCOUNT], products: [PRODUCT], agreements: [] });
  expect((await call("POST", "/reset")).status).toBe(204);
  for (let i = 0; i < 2; i += 1) {
    expect(await titleOf("/products/product-1")).toBe("As the file says");
    expect((await call("GET", "/agreements/agmt-1")).status).toBe(404);
    expect((await call("GET", "/accounts/999900001111")).status).toBe(404);
    await restart();
  }
});
