/**
 * Refuses what a route would not read: undeclared or repeated query members, and a body where none is declared. It reads the
 * contract, for all routes at once, so that no route can forget it.
 */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { OperatorEnv } from "./context.ts";
import type { Route } from "./contract/route.ts";
import { ROUTES } from "./contract/routes.ts";
import { unfit } from "./problem.ts";
import { partsOf, routeNames } from "./serve-routes.ts";

/** What a route declares to read. */
interface Read {
  readonly members: ReadonlySet<string>;
  readonly body: boolean;
}

/** `basePath` is the path below which the routes are served. Throws ProblemError 422. */
export function refuseUnread(basePath: string): MiddlewareHandler<OperatorEnv> {
  const reads = new Map(
    routeNames.map((name) => {
      const { method, path } = partsOf(name);
      // The router's own form of the name: `GET /operator/v1/accounts/:id`.
      return [`${method} ${basePath}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`, readOf(ROUTES[name])];
    }),
  );
  return async (c, next) => {
    const read = matchedRoutes(c)
      .map(({ method, path }) => reads.get(`${method} ${path}`))
      .find((found) => found !== undefined);
    if (read !== undefined) {
      const complaints = queryComplaints(new URL(c.req.url).searchParams, read.members);
      if (!read.body && !isEmpty(await c.req.text())) complaints.push("the body: this route reads none");
      if (complaints.length > 0) throw unfit(complaints);
    }
    return next();
  };
}

function readOf({ query, body }: Route): Read {
  return { members: new Set(Object.keys(query?.shape ?? {})), body: body !== undefined };
}

function queryComplaints(sent: URLSearchParams, members: ReadonlySet<string>): string[] {
  return [...new Set(sent.keys())].flatMap((name) => {
    if (!members.has(name)) return [`unknown query member ${shown(name)}; this route reads ${listed(members)}`];
    const times = sent.getAll(name).length;
    return times === 1 ? [] : [`${name}: is there ${times} times; it is read once`];
  });
}

/** Quotes a name only where it looks like one: anything else may be a secret in the wrong place. */
function shown(name: string): string {
  return /^[A-Za-z_][\w.[\]-]{0,63}$/.test(name) ? name : "(its name is no word)";
}

function listed(members: ReadonlySet<string>): string {
  return members.size === 0 ? "none" : [...members].toSorted().join(", ");
}

/** Many clients send an empty object in place of no body. */
function isEmpty(body: string): boolean {
  return /^\s*(\{\s*\})?\s*$/.test(body);
}
