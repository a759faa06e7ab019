// What msw sees of a client by itself, and of one that sends over the global `fetch`.
import { setupServer } from "msw/node";
import { HttpResponse, http } from "msw";
import { MarketplaceMeteringClient } from "@countinghouse/client";

const { ENDPOINT: endpoint } = process.env;
const configuration = { endpoint, region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "s" } };
const sent = new MarketplaceMeteringClient(configuration);
const seen = new MarketplaceMeteringClient({ ...configuration, fetch: (url, init) => fetch(url, init) });

const server = setupServer(http.post(`${endpoint}/`, () => HttpResponse.json({ ProductCode: "mocked by msw" })));
server.listen({ onUnhandledRequest: "bypass" });
for (const client of [sent, seen]) {
  const { productCode } = await client.resolveCustomer({ registrationToken: "x" });
  console.log(productCode);
}
server.close();
