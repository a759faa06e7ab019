/** A PostgreSQL database as a file of statements. Needs `pg_dump`. */
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";

/** All that is in it, as statements that every server understands; compressed. `more` are options of `pg_dump`. */
export function dumpOf(url: string, ...more: readonly string[]): Buffer {
  const options = ["--no-owner", "--no-privileges", "--inserts", ...more, "--dbname", url];
  const dump = execFileSync("pg_dump", options, { maxBuffer: 64 * 1024 * 1024 }).toString();
  // Lines of psql's own, which no server understands.
  const statements = dump.split("\n").filter((line) => !line.startsWith("\\"));
  return gzipSync(statements.join("\n"), { level: 9 });
}
