/** `countinghouse serve`: runs the service until it is told to stop. */
import { once } from "node:events";
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Command } from "commander";
import type { Service } from "../compose.ts";
import { ConfigError, configOf, type ServeConfig, type ServeFlags } from "../config.ts";
import { realWorld } from "../world.ts";
import { playDemo, refuseHeldFolder, withDemoDefaults } from "./demo-data.ts";
import { EXIT, RUN_FILE } from "./connection.ts";

const ENVIRONMENT = `
Every flag can be given in the environment as well: --operator-token as COUNTINGHOUSE_OPERATOR_TOKEN, a switch such as
--lab as COUNTINGHOUSE_LAB=on (or off). The flag wins.`;

export function addServe(program: Command): void {
  program
    .command("serve")
    .description("Run the service until SIGTERM or SIGINT")
    .option("--host <host>", "address to bind to", "127.0.0.1")
    .option("--port <port>", "port; 0 picks a free one", "7420")
    .option(
      "--store <store>",
      "sqlite:FOLDER, postgres://… (several servers may share it), or memory: to keep nothing",
      "sqlite:./countinghouse-data",
    )
    .option("--catalog <file>", "catalogue in YAML, applied at start (default: the built-in demo)")
    .option("--rules <set>", "rule set: classic (6-hour window) or current (24 hours)", "classic")
    .option(
      "--clock <clock>",
      "system, manual[:ISO] (stands still) or offset[:ISO] (ticks from there), such as 2026-07-01T06:00:00Z",
      "system",
    )
    .option(
      "--accept-newest-entry-ahead",
      "start although the newest entry is ahead of the clock; entry times stand still until the clock has reached it (audited)",
    )
    .option("--lab", "allow other clocks, faults on demand and resets (default: on when bound to loopback)")
    .option("--no-lab", "forbid them, on loopback too")
    .option(
      "--quotas <quotas>",
      "requests a second per account and region: off, or aws (10, 10 and 5; this server alone)",
      "off",
    )
    .option(
      "--operator-token <token>",
      "bearer token of the operator API (default: random, printed once; required with PostgreSQL)",
    )
    .option(
      "--demo-data",
      "play a month of sellers first, in an empty folder of its own and with a clock of its own (a lab, with the demo catalogue)",
    )
    .option("--no-console", "do not serve the console (/console/)")
    .option("--no-token-banner", "do not print the operator token that was made; it is in the ready file")
    .option(
      "--viewer-token <name:token>",
      "a bearer token that may only read, and whose it is; repeatable (default: none)",
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option(
      "--secrets-key-file <file>",
      "key that seals secrets (default: made in the data folder; required with PostgreSQL)",
    )
    .option(
      "--checkpoint-file <file>",
      "signed checkpoints of the audit trail, one file a server (default: in the data folder; with PostgreSQL in memory)",
    )
    .option("--retention-days <days>", "how long calls and metering records are kept, 90 or more (default: for ever)")
    .option("--demo-on-network", "serve the demo catalogue, whose keys are published, beyond loopback")
    .option("--accept-lost-tail", "go on once with a ledger whose newest entries are missing; kept in the audit trail")
    .option("--ready-file <file>", "written once listening: endpoint, operatorUrl, operatorToken, pid")
    .option("--kubernetes <kubeconfig>", "observe a cluster's pods: a kubeconfig file, or in-cluster")
    .option("--kubernetes-account <id>", "the buyer's account that the cluster runs in")
    .option("--kubernetes-region <region>", "the region that it runs in")
    .option("--kubernetes-namespace <name>", "only pods of this namespace")
    .option("--kubernetes-selector <labels>", "only pods with these labels, such as app=logs")
    .option("--tls-cert <file>", "certificate in PEM, to serve HTTPS")
    .option("--tls-key <file>", "its key in PEM")
    .option(
      "--free-space-min-mib <mib>",
      "room on the ledger's disk below which refused and reading calls are counted and not kept; 0 for none",
      "256",
    )
    .option("--request-timeout-seconds <s>", "time for a whole request to arrive", "30")
    .option("--queued-requests-max <n>", "requests that may wait for their commit", "1024")
    .option("--network-connections-max <n>", "connections of one address, in IPv6 of one /64 (default: 512)")
    .option(
      "--trusted-proxies <networks...>",
      "proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8 (default: none)",
    )
    .addHelpText("after", ENVIRONMENT)
    .action(async (flags: ServeFlags, command: Command) => {
      const given = { ...flags, ...environmentOf(command) };
      await serve(configOf(withDemoDefaults(given, Date.now())));
    });
}

/** The values that environment variables give to flags that are not on the command line. */
function environmentOf(command: Command): Partial<ServeFlags> {
  const names = command.options.map((option) => option.attributeName());
  const open = names.filter((name) => command.getOptionValueSource(name) !== "cli");
  const given = open.map((name) => [name, process.env[environmentName(name)]]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Partial<ServeFlags>;
}

function environmentName(attribute: string): string {
  return `COUNTINGHOUSE_${attribute.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
}

async function serve(config: ServeConfig): Promise<void> {
  refuseHeldFolder(config);
  // Loaded only here, so that the other commands start fast.
  const [{ pino }, { compose }, { banner }] = await Promise.all([
    import("pino"),
    import("../compose.ts"),
    import("./banner.ts"),
  ]);
  const log = pino({ level: process.env["COUNTINGHOUSE_LOG_LEVEL"] ?? "info" }, pino.destination(2));
  warnOfOpenFolder(config, log);
  const service = await compose({ config, world: realWorld, log });
  const endpoint = await listen(service, config);
  const ready = {
    endpoint,
    operatorUrl: `${endpoint}/operator/v1`,
    operatorToken: service.operatorToken,
    pid: process.pid,
  };
  const files = [runFileOf(config), config.readyFile].filter((file) => file !== undefined);
  // Set before the files are written: a program that waits for one of them may stop the server at once.
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Under npm, Ctrl-C arrives more than once: from the terminal, and from each program above this one.
    if (stopping) return;
    stopping = true;
    process.stdout.write(`\n${signal}: finishing what was taken in.\n`);
    void endService(service, files).then((troubles) => {
      for (const trouble of troubles) {
        log.error({ err: trouble }, "the server did not end as it should");
        process.stderr.write(`countinghouse: The server did not end as it should: ${trouble.message}\n`);
      }
      process.exit(troubles.length === 0 ? 0 : EXIT.refused);
    });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  try {
    for (const file of files) writeAtomically(file, JSON.stringify(ready));
  } catch (error) {
    // Without the file, a program that waits for it would wait for ever, and nobody would know a generated token.
    stopping = true;
    await endService(service, files);
    throw error;
  }
  process.stdout.write(banner(config, ready, service));
  if (config.demoData) await playDemo(service, endpoint, () => stopping);
}

/** Ends the service and removes the files with its address, which hold the operator token. Answers what went wrong. */
async function endService(service: Service, files: readonly string[]): Promise<readonly Error[]> {
  const troubles: Error[] = [];
  const note = (error: unknown): void => {
    troubles.push(error as Error);
  };
  await service.close().catch(note);
  for (const file of files) {
    try {
      rmSync(file, { force: true });
    } catch (error) {
      note(error);
    }
  }
  return troubles;
}

/** Warns where others can list the folder. Only this user can read its files, but others would see their names and times. */
function warnOfOpenFolder({ store }: ServeConfig, log: { warn(details: object, message: string): void }): void {
  if (store.kind !== "sqlite") return;
  const mode = (statSync(store.folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
  if ((mode & 0o077) === 0) return;
  log.warn({ folder: store.folder, mode: mode.toString(8) }, "the data folder is open to other users: chmod 700 it");
}

async function listen(service: Service, config: ServeConfig): Promise<string> {
  service.server.listen(config.port, config.host);
  try {
    await once(service.server, "listening");
  } catch (error) {
    // The store is closed, so that the next start need not wait for the end of this process.
    await service.ledger.close();
    throw error;
  }
  const { port } = service.server.address() as AddressInfo;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return `${config.tls === undefined ? "http" : "https"}://${host}:${port}`;
}

/** The file by which the command line finds a server on this machine; only its owner can read it. */
function runFileOf(config: ServeConfig): string | undefined {
  return config.store.kind === "sqlite" ? join(config.store.folder, RUN_FILE) : undefined;
}

function writeAtomically(file: string, text: string): void {
  try {
    writeFileSync(`${file}.tmp`, `${text}\n`, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    // The unfinished file holds the operator token.
    if (existsSync(`${file}.tmp`)) rmSync(`${file}.tmp`);
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${file}, where the server tells its address, cannot be written (${code}).`);
  }
}
