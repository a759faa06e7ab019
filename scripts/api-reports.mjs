// npm run api: writes what each entry of each library says to TypeScript, without its comments, to packages/*/api; with
// --check, says where that is not what is there. So a change of what programs rely on is seen where it is reviewed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { declarationsOf } from "./bundle.mjs";
import { libraries } from "./libraries.mjs";
import { root } from "./workspace.mjs";

const isCheck = process.argv.includes("--check");
const stale = [];
for (const [name, { entries }] of Object.entries(libraries)) {
  const folder = join(root, "packages", name);
  for (const entry of entries) {
    const text = withoutComments(await declarationsOf(folder, entry));
    const file = join(folder, "api", `${entry.replace(/\/index$/, "")}.api.txt`);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    stale.push(file.slice(root.length + 1));
    if (isCheck) continue;
    mkdirSync(join(folder, "api"), { recursive: true });
    writeFileSync(file, text);
  }
}
if (isCheck && stale.length > 0) {
  console.error(
    `The API is not what its reports say: ${stale.join(", ")}. See the change with: npm run api && git diff`,
  );
  process.exitCode = 1;
}

function withoutComments(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").replaceAll(/^\s*\n/gm, "");
}
