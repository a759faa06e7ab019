/** npm run docs: writes the parts of documents that come from the sources. With --check, only names what is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import { withRoutes } from "./docs/operator-routes.ts";
import { rulesPage } from "./docs/rules-page.ts";

const PAGES: Readonly<Record<string, (before: string) => string>> = {
  "docs/RULES.md": () => rulesPage,
  "docs/OPERATOR-API.md": withRoutes,
};

for (const [name, written] of Object.entries(PAGES)) {
  const file = new URL(`../${name}`, import.meta.url);
  const before = readFileSync(file, "utf8");
  const text = written(before);
  if (!process.argv.includes("--check")) {
    writeFileSync(file, text);
  } else if (before !== text) {
    console.error(`${name} is not what the sources say: run npm run docs.`);
    process.exitCode = 1;
  }
}
