/** What of a server must not be read by others: the secrets key, the run file, secrets at rest, and the wire. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:https";
import { join } from "node:path";
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand } from "../support/server.ts";

async function refused(args: readonly string[]): Promise<[number, string]> {
  const { code, stderr } = await runCommand(["serve", "--port", "0", ...args]);
  return [code ?? -1, stderr];
}

function usage(): BatchMeterUsageCommand {
  const [CustomerIdentifier] = DEMO.customers;
  const [Dimension] = DEMO.dimensions;
  const record = { Timestamp: new Date(), CustomerIdentifier, Dimension, Quantity: 1 };
  return new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
}

const modeOf = (file: string): number => statSync(file).mode & 0o777;

test("what a server writes is for its owner only, and the run file goes with the server", async () => {
  const data = join(newFolder(), "data");
  const server = await start(["--store", `sqlite:${data}`]);
  expect(modeOf(data)).toBe(0o700);
  expect(modeOf(join(data, "secrets.key"))).toBe(0o600);
  expect(modeOf(join(data, "checkpoints.jsonl"))).toBe(0o600);
  expect(modeOf(join(data, "server.json"))).toBe(0o600);
  for (const name of ["ledger.sqlite", "ledger.mark", "lock.sqlite", "sums.db"])
    expect(modeOf(join(data, name))).toBe(0o600);
  expect(JSON.parse(readFileSync(join(data, "server.json"), "utf8"))).toEqual({
    endpoint: server.endpoint,
    operatorUrl: server.operatorUrl,
    operatorToken: server.operatorToken,
    pid: server.process.pid,
  });
  expect(await server.stop()).toBe(0);
  expect(existsSync(join(data, "server.json"))).toBe(false);
  expect(readdirSync(data).toSorted()).toEqual([
    "checkpoints.jsonl",
    "ledger.mark",
    "ledger.sqlite",
    "lock.sqlite",
    "secrets.key",
    "sums.db",
  ]);
});

test("no secret is in the data folder in the clear, while the server runs or after", async () => {
  const data = join(newFolder(), "data");
  const server = await start(["--store", `sqlite:${data}`]);
  const made = await server.operator("POST", `/accounts/${DEMO.seller}/access-keys`, { userName: "metering" });
  expect(made.status).toBe(201);
  const key = made.body as { accessKeyId: string; secretAccessKey: string };
  const client = officialClient(server.endpoint, key);
  await client.send(usage());
  client.destroy();

  const secrets = [DEMO.secretAccessKey, key.secretAccessKey].flatMap((secret) => [
    secret,
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("hex"),
  ]);
  const found = (): string[] =>
    readdirSync(data).flatMap((file) => {
      const bytes = readFileSync(join(data, file));
      return secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${file}: ${secret}`);
    });
  // The files are looked through, not past.
  expect(readFileSync(join(data, "ledger.sqlite-wal")).includes(key.accessKeyId)).toBe(true);
  expect(found()).toEqual([]);
  expect(await server.stop()).toBe(0);
  expect(readFileSync(join(data, "ledger.sqlite")).includes(key.accessKeyId)).toBe(true);
  expect(found()).toEqual([]);
});

test("a secrets key that others can read, that is missing, or that is not the right one is refused", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const store = ["--store", `sqlite:${data}`];
  expect(await (await start(store)).stop()).toBe(0);

  const kept = join(data, "secrets.key");
  chmodSync(kept, 0o640);
  expect(await refused(store)).toEqual([
    2,
    `countinghouse: The secrets key file ${kept} can be read by others: chmod 600 ${kept}\n`,
  ]);
  chmodSync(kept, 0o600);

  const other = join(folder, "other.key");
  const given = [...store, "--secrets-key-file", other];
  expect(await refused(given)).toEqual([2, `countinghouse: The secrets key file ${other} cannot be read (ENOENT).\n`]);
  writeFileSync(other, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  expect(await refused(given)).toEqual([
    2,
    "countinghouse: The secrets key is not the one that this ledger's secrets were sealed with.\n",
  ]);
  writeFileSync(other, "too short\n");
  expect(await refused(given)).toEqual([
    2,
    `countinghouse: The secrets key file ${other} must hold 32 bytes in base64.\n`,
  ]);

  // Kept apart from the data, the right one does. A new one in its place would not, and is not made.
  renameSync(kept, other);
  expect(await refused(store)).toEqual([2, `countinghouse: The secrets key file ${kept} cannot be read (ENOENT).\n`]);
  expect(existsSync(kept)).toBe(false);
  const server = await start(given);
  const client = officialClient(server.endpoint);
  expect((await client.send(usage())).Results?.[0]?.Status).toBe("Success");
  client.destroy();
});

test("with a certificate the server speaks HTTPS, and nothing else on that port", async (context) => {
  const folder = newFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const reason = selfSigned(key, cert);
  if (reason !== undefined) {
    process.stdout.write(`secrets: HTTPS skipped, ${reason}\n`);
    context.skip(reason);
  }
  const server = await start(["--store", "memory:", "--tls-cert", cert, "--tls-key", key]);
  expect(server.endpoint).toMatch(/^https:/);
  const httpsAgent = new Agent({ ca: readFileSync(cert), keepAlive: true });
  const client = new MarketplaceMeteringClient({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
    requestHandler: { httpsAgent },
  });
  expect((await client.send(usage())).Results?.[0]?.Status).toBe("Success");
  await expect(fetch(`${server.endpoint.replace("https:", "http:")}/healthz`)).rejects.toThrow();
  await expect(httpsStatus(`${server.endpoint}/healthz`, new Agent())).rejects.toThrow(/self-signed/);
  expect(await httpsStatus(`${server.endpoint}/healthz`, httpsAgent)).toBe(200);
  // The agent's connections are still open.
  expect(await server.stop()).toBe(0);
  client.destroy();

  expect(await refused(["--store", "memory:", "--tls-cert", cert])).toEqual([
    2,
    "countinghouse: --tls-cert and --tls-key go together.\n",
  ]);
});

/** Answers why there is none, where that is so. */
function selfSigned(key: string, cert: string): string | undefined {
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    execFileSync("openssl", [...request, ...name, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `it needs openssl: ${(error as Error).message}`;
  }
}

function httpsStatus(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", reject);
  });
}
