// The client's JavaScript for release, in few files: loading sixty small ones takes longer than running them. What is
// loaded later (the credential chain) stays apart. Not minified: whoever steps into it should be able to read it.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** `dist` holds what tsc emitted: its declarations stay, its JavaScript is replaced. */
export async function bundleClient(folder) {
  const dist = join(folder, "dist");
  const bundle = await rolldown({
    input: {
      index: join(folder, "src/index.ts"),
      "batch/index": join(folder, "src/batch/index.ts"),
      "platform/node": join(folder, "src/platform/node.ts"),
      "platform/server-side": join(folder, "src/platform/server-side.ts"),
      "platform/web": join(folder, "src/platform/web.ts"),
    },
    // Which platform it is, is decided where the client is loaded: `imports` of its package.json.
    external: ["#platform", /^node:/],
    platform: "neutral",
    resolve: { conditionNames: ["@countinghouse/source"] },
  });
  for (const file of readdirSync(dist, { recursive: true })) {
    if (file.endsWith(".js")) rmSync(join(dist, file));
  }
  await bundle.write({ dir: dist, format: "esm", chunkFileNames: "shared/[name].js" });
  await bundle.close();
}
