/** The secrets key: 32 random bytes in a file that only its owner can read. It never leaves the machine. */
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { ConfigError } from "./config.ts";
import { SECRETS_KEY_BYTES } from "./identity/seal.ts";

/** Reads the key, or makes the file where it is missing and `make` allows it. */
export function secretsKey(file: string, make: boolean, random: (bytes: number) => Buffer): Buffer {
  let text: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
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

function makeKey(file: string, random: (bytes: number) => Buffer): Buffer {
  const key = random(SECRETS_KEY_BYTES);
  // Exclusive, so that of two servers starting at once one fails rather than both going on with different keys.
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, `${key.toString("base64")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return key;
}
