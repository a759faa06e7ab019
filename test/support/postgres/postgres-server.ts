/** A real PostgreSQL in a folder of its own, reached by a socket in that folder; it can be killed and started again. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { binariesFolder, runAs, type RunAs } from "./binaries.ts";

const SUPERUSER = "postgres";

export class PostgresServer {
  readonly #folder: string;
  readonly #binaries: string;
  readonly #user: RunAs | undefined;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(folder: string, settings: readonly string[]) {
    this.#folder = folder;
    this.#binaries = binariesFolder();
    this.#user = runAs();
    this.#settings = settings;
  }

  /** Makes a new one and starts it, with settings such as `fsync=off`. Throws where this machine cannot. */
  static async make(
    folder: string = mkdtempSync(join(tmpdir(), "countinghouse-postgres-")),
    settings: readonly string[] = [],
  ): Promise<PostgresServer> {
    const server = new PostgresServer(folder, settings);
    const user = server.#user;
    chmodSync(folder, 0o755);
    for (const name of ["data", "socket"]) {
      mkdirSync(join(folder, name), { mode: 0o700 });
      if (user !== undefined) chownSync(join(folder, name), user.uid, user.gid);
    }
    const options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"];
    execFileSync(join(server.#binaries, "initdb"), ["--pgdata", join(folder, "data"), ...options], {
      ...server.#runOptions(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    await server.start();
    return server;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get dataFolder(): string {
    return join(this.#folder, "data");
  }

  async start(): Promise<void> {
    const log = openSync(join(this.#folder, "log"), "a");
    const settings = [
      "listen_addresses=",
      `unix_socket_directories=${join(this.#folder, "socket")}`,
      "max_connections=200",
      ...this.#settings,
    ];
    this.#process = spawn(
      join(this.#binaries, "postgres"),
      ["-D", join(this.#folder, "data"), ...settings.flatMap((setting) => ["-c", setting])],
      { ...this.#runOptions(), detached: true, stdio: ["ignore", log, log] },
    );
    closeSync(log);
    this.#process.unref();
    for (let waitedMs = 0; ; waitedMs += 50) {
      try {
        await this.query("SELECT 1");
        return;
      } catch (error) {
        const ended = this.#process.exitCode !== null || this.#process.signalCode !== null;
        if (ended || waitedMs > 30_000) throw new Error(`PostgreSQL did not start: ${this.log()}`, { cause: error });
      }
      await new Promise((resume) => setTimeout(resume, 50));
    }
  }

  /** SIGQUIT: PostgreSQL ends at once, and recovers when it is started again. */
  async kill(): Promise<void> {
    const ending = this.#process;
    if (ending === undefined) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    if (ending.exitCode === null && ending.signalCode === null) {
      ending.ref();
      ending.kill("SIGQUIT");
      await ended;
    }
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One statement, on a connection of its own. */
  async query(sql: string, database = "postgres"): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return queryAt(this.url(database), sql);
  }

  url(database = "postgres"): string {
    return `postgres://${SUPERUSER}@localhost/${database}?host=${encodeURIComponent(join(this.#folder, "socket"))}`;
  }

  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8").slice(-2_000);
  }

  #runOptions(): {
    readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly uid?: number;
    readonly gid?: number;
  } {
    const { PATH = "", TZ = "UTC" } = process.env;
    return { cwd: this.#folder, env: { PATH, TZ, LC_ALL: "C" }, ...this.#user };
  }
}

export async function queryAt(url: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
