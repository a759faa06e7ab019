/** Bun and Deno: `fetch` and WebCrypto; environment and files through Node's modules, which both have. */
import type { Platform } from "./platform.ts";
import { processSurroundings } from "./surroundings.ts";
import { platform as web } from "./web.ts";

const named = process.versions as Readonly<Record<string, string | undefined>>;
const name = ["bun", "deno"].find((candidate) => named[candidate] !== undefined) ?? "other";

export const platform: Platform = {
  ...web,
  runtime: `${name}/${named[name] ?? "unknown"}`,
  surroundings: processSurroundings,
};
