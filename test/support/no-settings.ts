/** A machine without any AWS settings, for tests of what the client finds by itself. */
import { join } from "node:path";
import { vi } from "vitest";
import { newFolder } from "./scoped.ts";

/**
 * For `beforeEach`: removes the machine's own variables, names shared files that do not exist yet, and has no instance
 * metadata, until `vi.unstubAllEnvs`. Answers the folder whose `config` and `credentials` are the shared files.
 */
export function withoutSettings(): string {
  const folder = newFolder();
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  return folder;
}
