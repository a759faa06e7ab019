/** The secrets key: 32 random bytes in a file that only its owner can read. It never leaves the machine. */
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "./config.ts";
import { SECRETS_KEY_BYTES } from "./identity/seal.ts";
import { syncFolder } from "./stores/sqlite/data-folder.ts";

/** Reads the key; where the file is missing and `make` is true, makes one. */
export function secretsKey(file: string, make: boolean, random: (bytes: number) => Buffer): Buffer {
  let text: string;
  try {
    const { mode, uid } = statSync(file);
    if ((mode & othersOf(uid)) !== 0) {
      throw new ConfigError(`The secrets key file ${file} can be read by others: chmod 600 ${file}`);
    }
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && make) return makeKey(file, random);
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`The secrets key file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== SECRETS_KEY_BYTES) {
    throw new ConfigError(`The secrets key file ${file} must hold ${SECRETS_KEY_BYTES} bytes in base64.`);
  }
  return key;
}

/**
 * What others may not have: everything. Where the file is root's and the server is not, its group may read it: that is how
 * orchestrators hand out secrets, and how PostgreSQL takes its own key.
 */
function othersOf(uid: number): number {
  return uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077;
}

function makeKey(file: string, random: (bytes: number) => Buffer): Buffer {
  const key = random(SECRETS_KEY_BYTES);
  // The file gets its name last, and durably. So a start that is cut short leaves a whole key or none, and nothing is sealed
  // with a key that could be lost. The folder's lock keeps a second server from making another one.
  const unfinished = `${file}.tmp`;
  writeFileSync(unfinished, `${key.toString("base64")}\n`, { mode: 0o600, flush: true });
  renameSync(unfinished, file);
  syncFolder(dirname(file));
  return key;
}
