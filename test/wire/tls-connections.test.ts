/** What holds of connections holds with TLS, too, where each has two sockets. */
import { writeFileSync } from "node:fs";
import { connect as connectPlainly } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { certified, whyNoCertificates } from "../support/certificates.ts";
import { newFolder } from "../support/scoped.ts";
import { startServer, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const PLACES = 8;
const LAST = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const HEALTH = LAST.replace("Connection: close\r\n", "");

const why = whyNoCertificates();
if (why !== undefined) process.stdout.write(`TLS connections are not tested: ${why}\n`);

async function start(): Promise<{ server: RunningServer; open: () => TLSSocket; port: number }> {
  const { key, cert, authority } = certified();
  const folder = newFolder();
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "cert.pem"), cert);
  const tls = ["--tls-cert", join(folder, "cert.pem"), "--tls-key", join(folder, "key.pem")];
  const server = await startServer(["--store", "memory:", "--network-connections-max", String(PLACES), ...tls]);
  onTestFinished(async () => void (await server.stop()));
  const port = Number(new URL(server.endpoint).port);
  const open = (): TLSSocket => connect({ port, host: "127.0.0.1", ca: authority }).on("error", () => undefined);
  return { server, open, port };
}

const textOf = async (socket: TLSSocket): Promise<string> => {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
};

describe.skipIf(why !== undefined)("with TLS", { timeout: 60_000 }, () => {
  test("requests behind another one are answered, and too many end the connection", async () => {
    const { open } = await start();
    const some = open();
    some.write(HEALTH.repeat(100) + LAST);
    expect((await textOf(some)).match(/HTTP\/1\.1 200/g)).toHaveLength(101);
    const many = open();
    many.write(HEALTH.repeat(400));
    expect((await textOf(many)).match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThanOrEqual(193);
  });

  test("connections that wait for their client make way", async () => {
    const { open } = await start();
    const silent = Array.from({ length: PLACES + 4 }, open);
    await until(() => silent.filter(({ closed }) => closed).length >= 4);
    const asking = open();
    asking.write(LAST);
    expect(await textOf(asking)).toContain("200 OK");
    for (const socket of silent) socket.destroy();
  });

  test("a connection that never begins its handshake is ended long before a minute is over", async () => {
    const { port } = await start();
    const socket = connectPlainly(port, "127.0.0.1").on("error", () => undefined);
    await new Promise((resolve) => socket.on("close", resolve));
  });
});
