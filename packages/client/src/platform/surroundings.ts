/** The environment and the files of a process, on every runtime that has Node's modules for them. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { env } from "node:process";
import type { Surroundings } from "./platform.ts";

export const processSurroundings: Surroundings = {
  variable: (name) => env[name],
  home: () => env["HOME"] ?? env["USERPROFILE"] ?? homedir(),
  readText: async (path) => {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as { readonly code?: string }).code === "ENOENT") return undefined;
      throw error;
    }
  },
};
