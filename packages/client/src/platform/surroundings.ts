/** The environment and the files of a process, on every runtime that has Node's modules for them. */
import type { Surroundings } from "./platform.ts";

// The global `process` and no import of it: to import it is to open its streams.
export const processSurroundings: Surroundings = {
  variable: (name) => process.env[name],
  home: () => process.env["HOME"] ?? process.env["USERPROFILE"],
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
