/** The environment and the files of a process, on every runtime that has Node's modules for them. */
import { nonEmpty } from "../profile/shared-files.ts";
import type { Surroundings } from "./platform.ts";

// The global `process` and no import of it: to import it is to open its streams.
export const processSurroundings: Surroundings = {
  variable: (name) => process.env[name],
  mayBeInstance: true,
  home: async () => {
    const named = nonEmpty(process.env["HOME"]) ?? nonEmpty(process.env["USERPROFILE"]);
    if (named !== undefined) return named;
    // A service of systemd has no HOME, but its user has one.
    const { homedir } = await import("node:os");
    try {
      return nonEmpty(homedir());
    } catch {
      // A user whom the system does not know, as in some containers.
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
