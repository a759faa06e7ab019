// Sends over TLS through a CONNECT proxy, by an agent; the proxy says what it was asked for.
import { createServer } from "node:http";
import { HttpsProxyAgent } from "hpagent";
import { createProxy } from "proxy";
import { MarketplaceMeteringClient } from "@countinghouse/client";

const { ENDPOINT: endpoint } = process.env;
const asked = [];
const proxy = createProxy(createServer());
proxy.on("connect", ({ url }) => asked.push(url));
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const agent = new HttpsProxyAgent({ proxy: `http://127.0.0.1:${proxy.address().port}`, keepAlive: true });
const client = new MarketplaceMeteringClient({
  endpoint,
  agent,
  region: "us-east-1",
  credentials: { accessKeyId: "A", secretAccessKey: "s" },
});
const { productCode } = await client.resolveCustomer({ registrationToken: "x" });
await client.resolveCustomer({ registrationToken: "x" });
console.log(JSON.stringify({ productCode, asked }));
process.exit();
