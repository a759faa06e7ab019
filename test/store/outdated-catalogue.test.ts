/** A ledger of an earlier version holds what would not be taken today: it starts, says so, and reports as before. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { readCatalogueFile } from "../../packages/server/src/catalogue/read-catalogue-file.ts";
import { fileAgreementChange } from "../../packages/server/src/catalogue/documents.ts";
import { configOf } from "../../packages/server/src/config.ts";
import { requestId } from "../../packages/server/src/ledger/ids.ts";
import { openLedger } from "../../packages/server/src/open-ledger.ts";
import { catalogueChanged } from "../../packages/server/src/operations/change-catalogue.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { newFolder, start } from "../support/scoped.ts";
import { officialClient, runCommand } from "../support/server.ts";
import { until } from "../support/until.ts";

const BUYER = "444455556666";
const HOURLY = "hourly-container";
/** More decimals than a bill has. */
const LONG_PRICE = `0.${"3".repeat(40)}`;

const OUTDATED = `\
accounts:
  - id: "111122223333"
    title: "Acme \\u202E"
    users: [{ name: metering, accessKeyId: AKIACOUNTINGHOUSE001, secretAccessKey: example-secret }]
  - id: "${BUYER}"
    roles: [{ name: app-role }]
products:
  - productCode: ${HOURLY}
    title: "Gateway \\u202E"
    seller: "111122223333"
    type: container
    pricing: hourly
    dimensions: [{ name: hours, unit: Hours, price: "3.6" }]
  - productCode: dear
    title: Dear
    seller: "111122223333"
    type: saas
    pricing: usage
    dimensions: [{ name: calls, price: "${LONG_PRICE}" }]
agreements:
  - { agreementId: a, productCode: ${HOURLY}, customerAccountId: "${BUYER}", startsAt: 2020-01-01T00:00:00Z }
  - { agreementId: "odd\\u202e", productCode: ${HOURLY}, customerAccountId: "${BUYER}", startsAt: 2020-01-01T00:00:00Z }
  - { agreementId: b, productCode: dear, customerAccountId: "${BUYER}", startsAt: 2020-01-01T00:00:00Z }
`;

/** A data folder as an earlier version left it, which held the file to less. */
async function outdatedLedger(): Promise<{ readonly folder: string; readonly file: string; readonly args: string[] }> {
  const folder = newFolder();
  const file = join(folder, "shop.yaml");
  writeFileSync(file, "accounts: []\n");
  const data = `sqlite:${join(folder, "data")}`;
  const flags = { host: "127.0.0.1", port: "0", store: data, catalog: file, rules: "classic", quotas: "off" };
  const timing = {
    clock: "manual:2026-03-10T12:00:00Z",
    requestTimeoutSeconds: "30",
    freeSpaceMinMib: "0",
    queuedRequestsMax: "100",
  };
  const { ledger, sealer } = await openLedger(configOf({ ...flags, ...timing }), realWorld, {});
  const { changes: others, agreements } = readCatalogueFile(OUTDATED, file, sealer);
  const changes = [
    ...others,
    ...agreements.map((agreement) => fileAgreementChange(agreement, ledger.catalogue, realWorld.wallMs())),
  ];
  const call = {
    requestId: requestId(realWorld.wallMs(), realWorld.uuid()),
    operation: "ApplyCatalogue",
    principal: "operator",
    sourceAddress: "",
    userAgent: "",
  };
  const decide = (): object => ({ event: catalogueChanged(changes), catalogue: changes, answer: undefined });
  await ledger.transact({ call, keys: [], decide: decide as never });
  await ledger.close();
  writeFileSync(file, OUTDATED);
  return { folder, file, args: ["--store", data, "--catalog", file, "--clock", "manual"] };
}

test("it starts with the file as it was, warns of each such object, and reports as before", async () => {
  const { args } = await outdatedLedger();
  const server = await start(args);
  const warned = (): { kind: string; id: string; path: unknown[]; level: number }[] =>
    server
      .output()
      .split("\n")
      .filter((line) => line.includes("would not be taken today"))
      .map((line) => JSON.parse(line) as ReturnType<typeof warned>[number]);
  // What it prints comes by another way than the ready file.
  await until(() => warned().length === 4);
  expect(warned().map(({ kind, id, path, level }) => [kind, id, path.join("."), level])).toEqual([
    ["account", "111122223333", "title", 40],
    ["product", "dear", "dimensions.0.price", 40],
    ["product", HOURLY, "title", 40],
    ["agreement", "odd\u202e", "agreementId", 40],
  ]);

  const UsageRecords = [
    { Timestamp: new Date("2026-03-10T11:30:00Z"), CustomerAWSAccountId: BUYER, Dimension: "calls", Quantity: 3 },
  ];
  const metered = new BatchMeterUsageCommand({ ProductCode: "dear", UsageRecords });
  expect((await officialClient(server.endpoint).send(metered)).Results).toMatchObject([{ Status: "Success" }]);
  const report = await callOperator(server, "GET", "/reports/usage-by-instance-type?month=2026-03&format=json");
  expect(report.json).toMatchObject({ rows: [{ productCode: "dear", usageUnits: "3", estimatedRevenue: "1" }] });
  expect((await callOperator(server, "GET", "/products/dear")).json).toMatchObject({
    dimensions: [{ price: LONG_PRICE }],
  });
});

test("what the file says anew of such an object is held to what is taken today, and the rest can be changed", async () => {
  const { file, args } = await outdatedLedger();
  writeFileSync(file, OUTDATED.replace("pricing: hourly", "pricing: byol"));
  const { code, stderr } = await runCommand(["serve", "--port", "0", ...args]);
  const message = "a container product with the pricing byol must have one dimension of kind hours; it has 0";
  expect(stderr).toBe(`countinghouse: The catalogue is not valid:\n  ${file}:13:17: dimensions: ${message}\n`);
  expect(code).toBe(2);

  writeFileSync(file, OUTDATED.replace('"Gateway \\u202E"', "Gateway"));
  const server = await start(args);
  expect((await server.operator("GET", `/products/${HOURLY}`)).body).toMatchObject({ title: "Gateway" });
  const url = { fulfilmentUrl: "http://127.0.0.1:3000/" };
  expect((await server.operator("PATCH", `/products/${HOURLY}`, url)).status).toBe(200);
  const dearer = { dimensions: [{ name: "calls", price: `${LONG_PRICE}4` }] };
  expect((await server.operator("PATCH", "/products/dear", dearer)).status).toBe(422);
  expect((await server.operator("POST", "/agreements/odd%E2%80%AE/cancel")).status).toBe(200);
});

test("through the operator API such values are refused, with the member that is wrong", async () => {
  const server = await start(["--store", "memory:"]);
  const product = { productCode: "new", title: "New", seller: "111122223333", type: "saas", pricing: "usage" };
  const container = { ...product, type: "container", pricing: "byol", dimensions: [{ name: "hours" }] };
  const refused: readonly (readonly [object, string])[] = [
    [{ ...product, title: "N\u202ew" }, "title: must not contain characters that turn the direction of text"],
    [
      { ...product, dimensions: [{ name: "d", price: "9".repeat(100_000) }] },
      "dimensions.0.price: must have at most 12",
    ],
    [
      container,
      "dimensions: a container product with the pricing byol must have one dimension of kind hours; it has 0",
    ],
  ];
  for (const [body, complaint] of refused) {
    const answer = await callOperator(server, "POST", "/products", { body });
    expectProblem(answer, 422, /does not fit the catalogue/, [expect.stringContaining(complaint) as string]);
  }
  const patch = { title: "N\u2066w" };
  const patched = await callOperator(server, "PATCH", "/products/0abcdefghijklmnopqrstuvwx", { body: patch });
  expectProblem(patched, 422, /does not fit the catalogue/, [expect.stringMatching(/^title: must not/) as string]);
  const mended = { ...container, dimensions: [{ name: "hours", kind: "hours" }] };
  expect((await callOperator(server, "POST", "/products", { body: mended })).status).toBe(201);
});
