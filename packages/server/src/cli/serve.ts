/** `countinghouse serve`: the service, until it is told to stop. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { pino } from "pino";
import { compose, type Service } from "../compose.ts";
import { configOf, type ServeConfig, type ServeFlags } from "../config.ts";
import { realWorld } from "../world.ts";
import { banner } from "./banner.ts";
import { RUN_FILE } from "./operator-client.ts";

const flag = (flags: string, description: string, fallback?: string): Option => {
  const option = new Option(flags, description);
  // A switch in the environment has a value, which commander would not look at.
  if (!option.isBoolean()) option.env(environmentName(option.attributeName()));
  return fallback === undefined ? option : option.default(fallback);
};

function environmentName(attribute: string): string {
  return `COUNTINGHOUSE_${attribute.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** The switches of the environment, where the command line does not have them. */
function withEnvironment(flags: ServeFlags): ServeFlags {
  const switches = ["lab", "demoOnNetwork"] as const;
  const given = switches.map((name) => [name, flags[name] ?? process.env[environmentName(name)]]);
  return { ...flags, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}

export function addServe(program: Command): void {
  program
    .command("serve")
    .description("Run the service. Every flag can be given as COUNTINGHOUSE_<FLAG> in the environment; the flag wins.")
    .addOption(flag("--host <host>", "address to bind to", "127.0.0.1"))
    .addOption(flag("--port <port>", "port; 0 picks a free one", "7420"))
    .addOption(flag("--store <store>", "sqlite:FOLDER, or memory: to keep nothing", "sqlite:./countinghouse-data"))
    .addOption(flag("--catalog <file>", "catalogue in YAML, applied at start (default: the built-in demo)"))
    .addOption(flag("--rules <set>", "rule set: classic (6-hour window) or current (24 hours)", "classic"))
    .addOption(
      flag("--clock <clock>", "system, manual[:ISO] (stands still) or offset[:ISO] (ticks from there)", "system"),
    )
    .addOption(flag("--lab", "allow other clocks and resets (default: on when bound to loopback)"))
    .addOption(flag("--no-lab", "forbid them, on loopback too"))
    .addOption(flag("--quotas <quotas>", "request quotas: off", "off"))
    .addOption(flag("--operator-token <token>", "bearer token of the operator API (default: random, printed once)"))
    .addOption(flag("--secrets-key-file <file>", "key that seals secrets (default: made in the data folder)"))
    .addOption(flag("--demo-on-network", "serve the demo catalogue, whose keys are published, beyond loopback"))
    .addOption(flag("--ready-file <file>", "written once listening: endpoint, operatorUrl, operatorToken, pid"))
    .addOption(flag("--tls-cert <file>", "certificate in PEM, to serve HTTPS"))
    .addOption(flag("--tls-key <file>", "its key in PEM"))
    .addOption(flag("--request-timeout-seconds <s>", "time for a whole request to arrive", "30"))
    .addOption(flag("--queued-requests-max <n>", "requests that may wait for their commit", "1024"))
    .action(async (flags: ServeFlags) => {
      await serve(configOf(withEnvironment(flags)));
    });
}

async function serve(config: ServeConfig): Promise<void> {
  const log = pino({ level: process.env["COUNTINGHOUSE_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  const service = await compose({ config, world: realWorld, log });
  const endpoint = await listen(service, config);
  const ready = {
    endpoint,
    operatorUrl: `${endpoint}/operator/v1`,
    operatorToken: service.operatorToken,
    pid: process.pid,
  };
  const files = [config.readyFile, runFileOf(config)].filter((file) => file !== undefined);
  for (const file of files) writeAtomically(file, JSON.stringify(ready));
  process.stdout.write(banner(config, ready, service));

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Ctrl-C under npm arrives more than once: from the terminal, and passed on by each program above this one.
    if (stopping) return;
    stopping = true;
    process.stdout.write(`\n${signal}: finishing what was taken in.\n`);
    void service.close().then(() => {
      for (const file of files) rmSync(file, { force: true });
      process.exit(0);
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function listen(service: Service, config: ServeConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    service.server.once("error", (error) => {
      // The store is let go of, so that the next start need not wait for this process to end.
      void service.ledger.close().then(() => reject(error));
    });
    service.server.listen(config.port, config.host, () => {
      const { port } = service.server.address() as AddressInfo;
      const host = config.host.includes(":") ? `[${config.host}]` : config.host;
      resolve(`${config.tls === undefined ? "http" : "https"}://${host}:${port}`);
    });
  });
}

/** Where the command line finds a server on this machine; readable by its owner only. */
function runFileOf(config: ServeConfig): string | undefined {
  return config.store.kind === "sqlite" ? join(config.store.folder, RUN_FILE) : undefined;
}

function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
