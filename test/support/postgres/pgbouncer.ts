/** pgbouncer before a database, in transaction mode: each transaction may get another connection. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAs } from "./binaries.ts";
import { queryAt } from "./postgres-server.ts";

const PROGRAM = "/usr/sbin/pgbouncer";

/** Undefined where it can run. */
export function whyNoPgbouncer(): string | undefined {
  return existsSync(PROGRAM) ? undefined : `${PROGRAM} is not there (Debian's package pgbouncer)`;
}

interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

export async function pgbouncerBefore(url: string): Promise<Pooler> {
  const { searchParams, pathname, username } = new URL(url);
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-pgbouncer-"));
  const name = pathname.slice(1);
  const settings = join(folder, "pgbouncer.ini");
  writeFileSync(
    settings,
    `[databases]
${name} = host=${searchParams.get("host")} dbname=${name} user=${username}
[pgbouncer]
pool_mode = transaction
default_pool_size = 3
listen_port = 5432
unix_socket_dir = ${folder}
auth_type = any
`,
  );
  const user = runAs();
  chmodSync(folder, 0o755);
  if (user !== undefined) for (const path of [folder, settings]) chownSync(path, user.uid, user.gid);
  const child = spawn(PROGRAM, ["-q", settings], { ...user, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const through = new URL(url);
  through.searchParams.set("host", folder);
  for (let waitedMs = 0; ; waitedMs += 50) {
    try {
      await queryAt(through.toString(), "SELECT 1");
      break;
    } catch (error) {
      if (child.exitCode !== null || waitedMs > 20_000)
        throw new Error(`pgbouncer did not start: ${log}`, { cause: error });
    }
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return {
    url: through.toString(),
    stop: async () => {
      child.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
