/** The table of routes in docs/OPERATOR-API.md, made from the contract. */
import type { Route } from "../../packages/server/src/operator/contract/route.ts";
import { ROUTES } from "../../packages/server/src/operator/contract/routes.ts";

const TABLE = /(?<=<!-- routes -->\n)[^]*(?=<!-- end of routes -->)/;

/** The page with the contract's table in it. */
export function withRoutes(page: string): string {
  if (!TABLE.test(page)) throw new Error("docs/OPERATOR-API.md has no place for the table of routes.");
  const routes: readonly (readonly [string, Route])[] = Object.entries(ROUTES);
  const rows = routes.map(([name, { summary, command }]) => `| \`${name}\` | ${summary} | ${commandText(command)} |\n`);
  return page.replace(TABLE, `| route | does | command |\n|---|---|---|\n${rows.join("")}`);
}

function commandText(command: Route["command"]): string {
  return typeof command === "string" ? `\`${command}\`` : `none: ${command.none}`;
}
