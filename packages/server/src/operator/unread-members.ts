/**
 * Refuses what a route would not read: query members that it does not declare, members that come twice, a body where none is
 * declared. It goes by the contract, for all routes at once, so that none can forget it.
 */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { OperatorEnv } from "./context.ts";
import type { Route } from "./contract/route.ts";
import { ROUTES } from "./contract/routes.ts";
import { unfit } from "./problem.ts";
import { partsOf, routeNames } from "./serve-routes.ts";

/** What a route declares that it reads. */
interface Read {
  readonly members: ReadonlySet<string>;
  readonly body: boolean;
}

/** `basePath` is where the routes are mounted. Throws ProblemError 422. */
export function refuseUnread(basePath: string): MiddlewareHandler<OperatorEnv> {
  const reads = new Map(
    routeNames.map((name) => {
      const { method, path } = partsOf(name);
      // As the router names it: `GET /operator/v1/accounts/:id`.
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

/** A name that looks like one. What does not may be a secret in the wrong place. */
function shown(name: string): string {
  return /^[A-Za-z_][\w.[\]-]{0,63}$/.test(name) ? name : "(its name is no word)";
}

function listed(members: ReadonlySet<string>): string {
  return members.size === 0 ? "none" : [...members].toSorted().join(", ");
}

/** Many clients send an empty object where there is nothing to say. */
function isEmpty(body: string): boolean {
  return /^\s*(\{\s*\})?\s*$/.test(body);
}
