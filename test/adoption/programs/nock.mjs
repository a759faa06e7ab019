// What nock sees of a client by itself, of one with an agent, and of one that sends over the global `fetch`.
import { Agent } from "node:http";
import nock from "nock";
import { MarketplaceMeteringClient } from "@countinghouse/client";

const { ENDPOINT: endpoint } = process.env;
const configuration = { endpoint, region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "s" } };
const clients = [
  new MarketplaceMeteringClient(configuration),
  new MarketplaceMeteringClient({ ...configuration, agent: new Agent() }),
  new MarketplaceMeteringClient({ ...configuration, fetch: (url, init) => fetch(url, init) }),
];
for (const client of clients) {
  nock(endpoint).post("/").reply(200, { ProductCode: "mocked by nock" });
  const { productCode } = await client.resolveCustomer({ registrationToken: "x" });
  console.log(productCode);
  nock.cleanAll();
}
