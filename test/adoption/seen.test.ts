/** How a client is seen, mocked and led by what sellers' programs have around it. Each program has a process of its own. */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BUILD_TIMEOUT_MS, ensureBuilt } from "../support/built.ts";
import { certified, whyNoCertificates } from "../support/certificates.ts";
import { listen } from "../support/listener.ts";
import { newFolder } from "../support/scoped.ts";

const missing = !existsSync(fileURLToPath(new URL("node_modules/msw", import.meta.url)));
if (missing) process.stdout.write("Tracing, mocks and proxies are not tried: npm run runtimes installs them.\n");

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

function run(program: string, endpoint: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url));
  const { PATH = "", HOME = "" } = process.env;
  const options = { env: { PATH, HOME, ENDPOINT: endpoint, ...env }, timeout: 50_000 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [file], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr, { cause: error }));
    });
  });
}

interface ToldSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parent: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

describe.skipIf(missing)("OpenTelemetry", () => {
  test("has a span for each call and each attempt, and the service is told of it", async () => {
    // The first attempt of a call that is traced fails.
    const listener = await listen((_request, index) =>
      index === 1 ? { status: 500 } : { body: { ProductCode: "p" } },
    );
    const told = JSON.parse(await run("tracing", listener.url)) as Record<string, readonly ToldSpan[]> & {
      readonly job: unknown;
    };
    const { before = [], withAgent = [], without = [], handedIn = [] } = told;
    const job = told.job as { readonly spanId: string; readonly traceId: string };

    const call = before.at(-1);
    expect(before.map(({ name }) => name)).toEqual(["POST", "POST", "MarketplaceMetering.ResolveCustomer"]);
    expect(call).toMatchObject({
      parent: job.spanId,
      failed: false,
      attributes: {
        "rpc.system": "aws-api",
        "rpc.service": "Marketplace Metering",
        "rpc.method": "ResolveCustomer",
        "aws.request_id": "request-3",
        "http.response.status_code": 200,
        "countinghouse.attempts": 2,
      },
    });
    expect(before.slice(0, 2)).toMatchObject([
      { parent: call?.spanId, failed: true, attributes: { "http.response.status_code": 500, "error.type": "Http500" } },
      { parent: call?.spanId, failed: false, attributes: { "http.request.resend_count": 1 } },
    ]);
    expect(listener.heard[0]?.headers["traceparent"], "before it was set up").toBeUndefined();
    expect(listener.heard.slice(1, 3).map(({ headers }) => headers["traceparent"])).toEqual(
      before.slice(0, 2).map(({ spanId }) => `00-${job.traceId}-${spanId}-01`),
    );

    expect(
      withAgent.map(({ name }) => name),
      "the attempts are left to the tracing of node:http",
    ).toEqual(["MarketplaceMetering.ResolveCustomer"]);
    expect(without).toEqual([]);
    expect(handedIn.map(({ name }) => name)).toEqual(["POST", "MarketplaceMetering.ResolveCustomer"]);
  });
});

describe.skipIf(missing)("mocks of the network", () => {
  test("msw sees what is sent over the global fetch, and not what goes over connections of the client's own", async () => {
    const listener = await listen(() => ({ body: { ProductCode: "really sent" } }));
    expect(await run("msw", listener.url)).toBe("really sent\nmocked by msw\n");
  });

  test("aws-sdk-client-mock mocks the class of the aws-sdk entry", async () => {
    expect(await run("client-mock", "")).toBe("mocked 1\n");
  });

  test("nock sees all", async () => {
    const listener = await listen(() => ({ body: { ProductCode: "really sent" } }));
    expect(await run("nock", listener.url)).toBe("mocked by nock\n".repeat(3));
  });
});

const noCertificates = whyNoCertificates();
test.skipIf(missing || noCertificates !== undefined)("a CONNECT proxy leads to the service, by an agent", async () => {
  const { key, cert, authority } = certified();
  const service = createServer({ key, cert }, (_incoming, response) => response.end(`{"ProductCode":"p"}`));
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    service.closeAllConnections();
    service.close();
  });
  const port = (service.address() as AddressInfo).port;
  const file = join(newFolder(), "authority.pem");
  writeFileSync(file, authority);
  const output = await run("proxy", `https://127.0.0.1:${port}`, { NODE_EXTRA_CA_CERTS: file });
  expect(JSON.parse(output)).toEqual({ productCode: "p", asked: [`127.0.0.1:${port}`] });
});
