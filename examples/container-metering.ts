/**
 * Paid containers on a laptop, from their launch to the seller's report, with a server of its own whose clock is moved by hand.
 *
 *   npm run example:container
 *
 * 1. An orchestrator starts a task of each of two customers, and tells the server of it.
 * 2. The containers, unmodified programs with the official SDK, get nothing but an environment. They register their use.
 * 3. One runs for 90 seconds of the service clock, the other for 10.
 * 4. Seven hours later their use is final: 90 seconds, and 60, which is the least there is.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startServer } from "./server.ts";

const LAUNCHED_AT = "2026-11-23T12:00:00Z";
const CATALOGUE = fileURLToPath(new URL("container-catalogue.yaml", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countinghouse-example-"));
const server = await startServer(folder, "--catalog", CATALOGUE, "--clock", `manual:${LAUNCHED_AT}`);
const publicKey = await (await fetch(`${server.endpoint}/.well-known/registration-keys/1.pem`)).text();

console.log("1. Two tasks are started, one of each customer.");
const long = await startTask("444455556666", "a");
const short = await startTask("777788889999", "b");
console.log("2. Both containers have registered, and believe the answer's signature.");

await advance(10);
await stopTask(short);
await advance(80);
await stopTask(long);
console.log("3. One was stopped after 10 seconds, the other after 90.");

await advance(7 * 3_600);
const report = await server.operator("GET", "/reports/usage-by-instance-type?month=2026-11&format=json");
const rows = report["rows"] as readonly Row[];
const seconds = Object.fromEntries(rows.map((row) => [row.customerAccountId, row.seconds.final]));
check(seconds["444455556666"] === "90" && seconds["777788889999"] === "60");
console.log("4. The seller's report, seven hours later:");
for (const { customerAccountId, productTitle, seconds: used, usageUnits, estimatedRevenue } of rows) {
  console.log(
    `   ${customerAccountId}  ${productTitle}  ${used.final} s = ${usageUnits} hours  ${estimatedRevenue} USD`,
  );
}

const stopped = once(server.process, "exit");
server.process.kill("SIGTERM");
await stopped;
rmSync(folder, { recursive: true, force: true });
console.log("Done.");

interface Row {
  readonly customerAccountId: string;
  readonly productTitle: string;
  readonly seconds: { readonly final: string };
  readonly usageUnits: string;
  readonly estimatedRevenue: string;
}

interface Task {
  readonly resourceId: string;
  readonly container: ChildProcess;
}

/** Acts as an orchestrator: tells the server of the task, and starts its container with the environment from the answer. */
async function startTask(accountId: string, name: string): Promise<Task> {
  const taskArn = `arn:aws:ecs:us-east-1:${accountId}:task/prod/${name.repeat(32)}`;
  const told = { platform: "ecs", externalId: taskArn, accountId, region: "us-east-1", roleName: "app-role" };
  const { resourceId, credentials } = await server.operator("POST", "/resources", told);
  const program = fileURLToPath(new URL("container.ts", import.meta.url));
  const container = spawn(process.execPath, [program], {
    env: { ...(credentials as Record<string, string>), PUBLIC_KEY: publicKey },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await Promise.race([once(container.stdout, "data"), once(container, "exit")])) as unknown[];
  check(String(line) === "registered\n");
  return { resourceId: resourceId as string, container };
}

async function stopTask({ resourceId, container }: Task): Promise<void> {
  const ended = once(container, "exit");
  container.kill("SIGTERM");
  await ended;
  await server.operator("POST", `/resources/${resourceId}/stop`, {});
}

async function advance(advanceSeconds: number): Promise<void> {
  await server.operator("PUT", "/clock", { advanceSeconds });
}

function check(holds: boolean): void {
  if (!holds) throw new Error("This should not happen.");
}
