/** C7: the transports of Node: connections, TLS, an agent of the caller's own, and what must not go wrong between them. */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, createServer as createHttpServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import type { MarketplaceMeteringClient, Outcome } from "@countinghouse/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf, quickWorld } from "../support/client.ts";
import { listen } from "../support/listener.ts";
import { newFolder } from "../support/scoped.ts";

const resolve = (client: MarketplaceMeteringClient): Promise<Outcome<object>> =>
  client.resolveCustomerOutcome({ registrationToken: "x" });
const fine = { body: { ProductCode: "p" } };

async function opened(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("connections", () => {
  test("are as many as calls at once, up to fifty, and are used again", async () => {
    const listener = await listen(async () => {
      await new Promise((next) => setTimeout(next, 10));
      return fine;
    });
    const client = clientOf(listener.url);
    for (let i = 0; i < 2; i += 1) {
      const outcomes = await Promise.all(Array.from({ length: 120 }, () => resolve(client)));
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(120);
      expect(await listener.connections()).toBe(50);
    }
  });

  test("that are kept do not keep a program running", () => {
    const program = `
      import { createServer } from "node:http";
      import { MarketplaceMeteringClient } from "@countinghouse/client";
      const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1", async () => {
        const endpoint = "http://127.0.0.1:" + server.address().port;
        const client = new MarketplaceMeteringClient({ region: "us-east-1", endpoint, credentials: { accessKeyId: "a", secretAccessKey: "b" } });
        await client.resolveCustomer({ registrationToken: "x" });
        server.unref();
        console.log("done");
      });`;
    const flags = ["--conditions=@countinghouse/source", "--input-type=module", "--eval", program];
    const options = { encoding: "utf8", timeout: 20_000, cwd: import.meta.dirname } as const;
    expect(execFileSync(process.execPath, flags, options)).toBe("done\n");
  });

  test("that carry what was not asked for are given up, and it is not taken for the next answer", async () => {
    let exchanges = 0;
    let connections = 0;
    const port = await opened(
      createServer((socket) => {
        connections += 1;
        socket.on("error", () => undefined);
        socket.on("data", () => {
          exchanges += 1;
          const body = JSON.stringify({ ProductCode: `p${exchanges}` });
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
          setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{"ProductCode":"z"}'), 5);
        });
      }),
    );
    const client = clientOf(`http://127.0.0.1:${port}`, { world: quickWorld().world });
    for (let i = 0; i < 5; i += 1) {
      const outcome = await resolve(client);
      expect(outcome).not.toMatchObject({ result: { productCode: "z" } });
      await new Promise((next) => setTimeout(next, 20));
    }
    expect(connections, "none was used twice").toBe(exchanges);
  });

  test("take an answer in chunks, and one that ends with its connection", async () => {
    const chunks = await listen((_request, _index, { response }) => {
      response.write('{"ProductCode"');
      setTimeout(() => response.end(':"p"}'), 5);
      return undefined;
    });
    expect(await resolve(clientOf(chunks.url))).toMatchObject({ ok: true, result: { productCode: "p" } });
    const port = await opened(
      createServer((socket) => {
        socket.once("data", () => socket.end('HTTP/1.0 200 OK\r\n\r\n{"ProductCode":"p"}'));
      }),
    );
    expect(await resolve(clientOf(`http://127.0.0.1:${port}`))).toMatchObject({
      ok: true,
      result: { productCode: "p" },
    });
  });

  test("never carry a line break that a header brings along, whatever carries them", async () => {
    const listener = await listen(() => fine);
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    for (const carrier of [{}, { agent }, { fetch }]) {
      const outcome = await resolve(clientOf(listener.url, { ...carrier, userAgent: "a\r\nx-evil: b" }));
      expect(outcome).toMatchObject({ error: { name: "InvalidInputError", fault: "client", mayHaveSucceeded: false } });
    }
    expect(listener.heard).toEqual([]);
  });

  test("that do not open are given up in time", async () => {
    // An address of documentation (RFC 5737), to which nothing leads; some networks refuse it at once.
    const outcome = await resolve(
      clientOf("http://192.0.2.1:81", { connectTimeoutMs: 30, attemptTimeoutMs: 1_000, maxAttempts: 1 }),
    );
    expect(outcome).toMatchObject({ ok: false, error: { fault: "connection", mayHaveSucceeded: false } });
  });
});

const certificate = (): { key: Buffer; cert: Buffer } => {
  const folder = newFolder();
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...files, ...subject], {
    stdio: "ignore",
  });
  return { key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "cert.pem")) };
};

describe("TLS", () => {
  test("refuses a certificate that nobody vouches for, once and for good", async () => {
    const port = await opened(createTlsServer(certificate(), (_incoming, response) => void response.end("{}")));
    for (const host of ["127.0.0.1", "localhost"]) {
      const outcome = await resolve(clientOf(`https://${host}:${port}`));
      expect(outcome).toMatchObject({ error: { name: "ConnectionError", attempts: 1, retryable: false } });
      expect(!outcome.ok && outcome.error.message).toMatch(/self.signed certificate/i);
    }
  });

  test("carries calls where the certificate is trusted", async () => {
    const { key, cert } = certificate();
    const port = await opened(
      createTlsServer({ key, cert }, (_incoming, response) => void response.end('{"ProductCode":"p"}')),
    );
    const folder = newFolder();
    const file = join(folder, "ca.pem");
    writeFileSync(file, cert);
    const program = `
      import { MarketplaceMeteringClient } from "@countinghouse/client";
      const client = new MarketplaceMeteringClient({ region: "us-east-1", endpoint: "https://localhost:${port}", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
      for (let i = 0; i < 2; i += 1) console.log((await client.resolveCustomer({ registrationToken: "x" })).productCode);
      await client.close();`;
    const output = await new Promise<string>((done) => {
      const flags = ["--conditions=@countinghouse/source", "--input-type=module", "--eval", program];
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
      execFile(process.execPath, flags, { env, cwd: import.meta.dirname, timeout: 20_000 }, (_error, stdout, stderr) =>
        done(stdout + stderr),
      );
    });
    expect(output).toBe("p\np\n");
  });
});

describe("an agent of the caller's own", () => {
  test("carries the calls, and is left open", async () => {
    const listener = await listen(() => fine);
    const agent = new Agent({ keepAlive: true });
    const client = clientOf(listener.url, { agent });
    for (let i = 0; i < 3; i += 1) expect(await resolve(client)).toMatchObject({ ok: true });
    await client.close();
    expect(await listener.connections()).toBe(1);
    agent.destroy();
  });

  test("meets the same troubles with the same names", async () => {
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const silent = await listen(() => undefined);
    const cut = await listen((_request, _index, { incoming }) => {
      incoming.socket.destroy();
      return undefined;
    });
    const options = { agent, maxAttempts: 1, attemptTimeoutMs: 50 };
    expect(await resolve(clientOf(silent.url, options))).toMatchObject({
      error: { name: "TimeoutError", mayHaveSucceeded: true },
    });
    expect(await resolve(clientOf(cut.url, options))).toMatchObject({
      error: { name: "ConnectionError", mayHaveSucceeded: true },
    });
    expect(await resolve(clientOf("http://127.0.0.1:9", options))).toMatchObject({
      error: { name: "ConnectionError", mayHaveSucceeded: false },
    });
    const client = clientOf(silent.url, { agent });
    const outcome = await client.resolveCustomerOutcome(
      { registrationToken: "x" },
      { signal: AbortSignal.timeout(50) },
    );
    expect(outcome).toMatchObject({ error: { name: "AbortError" } });
  });
});

test("a server that is closed while calls are under way is told apart from one that refuses", async () => {
  const server = createHttpServer(() => server.closeAllConnections());
  const port = await opened(server);
  const outcome = await resolve(clientOf(`http://127.0.0.1:${port}`, { maxAttempts: 1 }));
  expect(outcome).toMatchObject({ error: { name: "ConnectionError", mayHaveSucceeded: true } });
});
