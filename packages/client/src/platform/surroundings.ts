/** The environment and the files of a process, on every runtime that has Node's modules for them. */
import { nonEmpty } from "../profile/shared-files.ts";
import type { Surroundings } from "./platform.ts";

// Uses the global `process`: importing it would open its streams.
export const processSurroundings: Surroundings = {
  variable: (name) => process.env[name],
  mayBeInstance: true,
  home: async () => {
    const named = nonEmpty(process.env["HOME"]) ?? nonEmpty(process.env["USERPROFILE"]);
    if (named !== undefined) return named;
    // A systemd service has no HOME, but its user has a home directory.
    const { homedir } = await import("node:os");
    try {
      return nonEmpty(homedir());
    } catch {
      // The system does not know the user, as in some containers.
      return undefined;
    }
  },
  readText: async (path) => {
    const { readFile } = await import("node:fs/promises");
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as { readonly code?: string }).code === "ENOENT") return undefined;
      throw error;
    }
  },
};
