/**
 * C1 – C7 on every runtime that the client is for: the client as it is built, against a real server. Node 24 always; the
 * others where `npm run runtimes` has installed them.
 */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAmzDate } from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, ensureBuilt } from "../support/built.ts";
import { registrationToken } from "../support/operator-api.ts";
import { signedRegistration } from "../support/registration.ts";
import { DEMO, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const installed = fileURLToPath(new URL("node_modules", import.meta.url));
const SUITE = fileURLToPath(new URL("suite.mjs", import.meta.url));

const RUNTIMES: readonly (readonly [string, string, readonly string[]])[] = [
  ["Node 24", process.execPath, []],
  ["Node 22.3", join(installed, "node22/bin/node"), []],
  ["Node 20.16", join(installed, "node20/bin/node"), []],
  ["Bun", join(installed, "bun/bin/bun.exe"), []],
  ["Deno", join(installed, "deno/deno"), ["run", "--quiet", "--no-lock", "--node-modules-dir=manual", "--allow-all"]],
];

const folder = temporaryFolder();
const trouble = createServer();
const seen = new Set<string>();
let server: RunningServer;
let hour = 0;

beforeAll(async () => {
  await ensureBuilt();
  server = await startServer(["--store", "memory:", "--rules", "current"]);
  await new Promise<void>((resolve) => trouble.listen(0, "127.0.0.1", resolve));
  writeFileSync(join(folder.path, "token"), "a.web.token");
  const keys = `aws_access_key_id = ${DEMO.accessKeyId}\naws_secret_access_key = ${DEMO.secretAccessKey}\n`;
  const place = `region = us-east-1\nendpoint_url = ${server.endpoint}\n`;
  const sts = `[services web]\nsts =\n  endpoint_url = ${url(trouble)}/sts/x\nmarketplace_metering =\n  endpoint_url = ${server.endpoint}\n`;
  const web = `[profile web]\nservices = web\nregion = us-east-1\nrole_arn = arn\nweb_identity_token_file = ${folder.path}/token\n`;
  writeFileSync(join(folder.path, "config"), `[profile suite]\n${keys}${place}${web}${sts}`);
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  trouble.closeAllConnections();
  trouble.close();
  await server.stop();
  folder.remove();
});

/** Misbehaves as the first part of the path says: at the first request under a path, or always. */
trouble.on("request", (incoming, response) => {
  const path = incoming.url ?? "";
  const first = !seen.has(path);
  seen.add(path);
  incoming.resume().on("end", () => {
    const kind = path.split("/")[1] ?? "";
    if (kind === "silence") return;
    if (kind === "cut" && first) incoming.socket.destroy();
    else
      response
        .writeHead(kind === "fault" && first ? 500 : statusOf(kind, first, incoming))
        .end(bodyOf(kind, first, incoming));
  });
});

function statusOf(kind: string, first: boolean, incoming: IncomingMessage): number {
  return (kind === "throttle" && first) || (kind === "clock" && isLate(incoming)) ? 400 : 200;
}

function bodyOf(kind: string, first: boolean, incoming: IncomingMessage): string {
  if (kind === "sts") {
    const keys = `<AccessKeyId>${DEMO.accessKeyId}</AccessKeyId><SecretAccessKey>${DEMO.secretAccessKey}</SecretAccessKey>`;
    return `<Answer><Credentials>${keys}<SessionToken>session</SessionToken></Credentials></Answer>`;
  }
  if (kind === "throttle" && first) return JSON.stringify({ __type: "ThrottlingException" });
  if (kind === "clock" && isLate(incoming)) return JSON.stringify({ __type: "InvalidSignatureException" });
  return JSON.stringify({ ProductCode: "p" });
}

function isLate({ headers }: IncomingMessage): boolean {
  return Math.abs((parseAmzDate(String(headers["x-amz-date"])) ?? 0) - Date.now()) > 300_000;
}

describe.each(RUNTIMES)("on %s", (name, binary, flags) => {
  const missing = !existsSync(binary);
  if (missing) process.stdout.write(`The client's suite does not run on ${name}: npm run runtimes installs it.\n`);

  test.skipIf(missing)("the client does what it does", async () => {
    hour += 1;
    const given = {
      endpoint: server.endpoint,
      trouble: url(trouble),
      nobody: "http://127.0.0.1:9",
      productCode: DEMO.productCode,
      credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
      registrationToken: await registrationToken(server, "agmt-demo1"),
      nowMs: Date.now(),
      // Each runtime has an hour of its own, so that none meets another's records.
      hour,
      ...signedRegistration(DEMO.productCode),
    };
    const { code, output } = await run(binary, [...flags, SUITE], {
      COUNTINGHOUSE_SUITE: JSON.stringify(given),
      AWS_CONFIG_FILE: join(folder.path, "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder.path, "credentials"),
      AWS_EC2_METADATA_DISABLED: "true",
    });
    expect(output).not.toContain("FAILED");
    expect(code, output).toBe(0);
    expect(output.match(/^ok /gm)?.length).toBeGreaterThan(14);
  });
});

function run(
  binary: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { PATH = "", HOME = "" } = process.env;
  return new Promise((resolve) => {
    const options = {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
      env: { PATH, HOME, ...environment },
      timeout: 50_000,
    };
    const child = execFile(binary, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, output: stdout + stderr });
    });
  });
}

function url(listener: { address(): AddressInfo | string | null }): string {
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}
