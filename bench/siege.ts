/**
 * What a stranger can do to a server, and cannot: one attack after the other, while other callers go on sending requests.
 *
 *   npm run siege -- [--seconds 20] [--shares 1] [--only TEXT] [--workspace FOLDER] [--json FILE]
 *
 * Method. One server with default settings on an empty embedded store, with a heap of 1 GB, which is Node's choice in a
 * container of 2 GB. First, its memory is measured under full load: 64 connections with requests of 25 records. Then each
 * attack goes on for the given seconds, from 127.0.0.1, with as many connections as `bench/siege/` says, times the shares.
 * Meanwhile a caller at 127.0.0.2 and one at the attacker's own address meter, with one record in each request on a new
 * connection; the records that were acknowledged to them are compared with the listing afterwards. The server's metrics are
 * read ten times a second. `--workspace` takes the server from another checkout.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineOf } from "./machine.ts";
import { ATTACKS } from "./siege/attacks.ts";
import { fullLoad } from "./siege/full-load.ts";
import { lostOrTwice } from "./siege/bystander.ts";
import { besiege, type Besieged, type Round } from "./siege/round.ts";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    shares: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    workspace: { type: "string", default: fileURLToPath(new URL("..", import.meta.url)) },
    json: { type: "string" },
  },
});
const HEAP_MIB = 1_024;
const NETWORK_CONNECTIONS_MAX = 512;

const folder = mkdtempSync(join(tmpdir(), "countinghouse-siege-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const rounds: Round[] = [];
  const acknowledged: string[] = [];
  let lostInAll = 0;
  let server = await start("0");
  const load = await fullLoad(server.target, Number(flags.seconds));
  console.log(`Full load: ${load.memoryMiB.toFixed(0)} MiB, ${load.answered} requests of 25 records`);
  for (const [i, attack] of ATTACKS.filter(({ name }) => name.includes(flags.only)).entries()) {
    if (server.ended()) server = await start(String(i + 1));
    const scale = { shares: Number(flags.shares), seconds: Number(flags.seconds) };
    const round = await besiege(server.target, attack, scale);
    rounds.push(round);
    const { acknowledged: own, ...other } = round.other;
    const { acknowledged: near, ...neighbour } = round.neighbour;
    console.log(`${server.ended() ? "THE SERVER ENDED: " : ""}${JSON.stringify({ ...round, other, neighbour })}`);
    acknowledged.push(...own, ...near);
    if (server.ended()) continue;
    const lost = await lostOrTwice([...own, ...near], server.operator);
    console.log(`${own.length + near.length} acknowledged records, ${lost.length} of them lost or there twice`);
    lostInAll += lost.length;
  }
  await server.stop();
  const { cores, cpu, node, commit } = machineOf(folder);
  console.log(`\n${cores} cores (${cpu}), Node ${node}, commit ${commit}\n`);
  console.log("| attack | sent | opened, ended | memory, of full load | held | others answered, slowest |");
  console.log("|---|---:|---:|---:|---:|---:|");
  for (const round of rounds) console.log(rowOf(round, load.memoryMiB));
  console.log(`\n${acknowledged.length} acknowledged records, ${lostInAll} of them lost or there twice`);
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ load, rounds }, undefined, 2)}\n`);
}

function rowOf(round: Round, loadMiB: number): string {
  const { attack, sentBytes, opened, ended, memoryMiBMost, heldBytesMost, other } = round;
  const sent = sentBytes < 1e6 ? `${Math.ceil(sentBytes / 1e3)} KB` : `${(sentBytes / 1e6).toFixed(1)} MB`;
  const memory = `${memoryMiBMost.toFixed(0)} MiB, ${(memoryMiBMost / loadMiB).toFixed(2)}`;
  const heard = `${other.answered} of ${other.asked}, ${other.slowestMs.toFixed(0)} ms`;
  return `| ${attack} | ${sent} | ${opened}, ${ended} | ${memory} | ${(heldBytesMost / 2 ** 20).toFixed(1)} MiB | ${heard} |`;
}

interface Ready {
  readonly endpoint: string;
  readonly operatorUrl: string;
  readonly operatorToken: string;
}

interface Started {
  readonly target: Besieged;
  readonly operator: { readonly url: string; readonly token: string };
  ended(): boolean;
  stop(): Promise<void>;
}

async function start(name: string): Promise<Started> {
  const readyFile = join(folder, `${name}.json`);
  const program = join(flags.workspace, "packages/server/src/main.ts");
  const args = ["serve", "--port", "0", "--store", `sqlite:${join(folder, name)}`, "--ready-file", readyFile];
  const child = spawn(process.execPath, ["--conditions=@countinghouse/source", program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`, COUNTINGHOUSE_LOG_LEVEL: "silent" },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!ended()) {
    try {
      const { endpoint, operatorUrl, operatorToken } = JSON.parse(readFileSync(readyFile, "utf8")) as Ready;
      return {
        operator: { url: operatorUrl, token: operatorToken },
        target: { endpoint, pid: child.pid ?? 0, networkConnectionsMax: NETWORK_CONNECTIONS_MAX },
        ended,
        stop: () => {
          child.kill("SIGTERM");
          return exited;
        },
      };
    } catch {
      await delay(50);
    }
  }
  throw new Error("The server did not start.");
}
