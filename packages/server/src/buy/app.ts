/**
 * The buy page, for labs: it does what AWS Marketplace's product page does when a buyer subscribes. It needs no token. So it is
 * guarded against other sites in the operator's browser by the request's host, by its origin, and by a hidden field of its
 * form.
 */
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { DefectError, FaultError, QueueFullError } from "../ledger/ledger.ts";
import { limitBody } from "../listener/body-limit.ts";
import type { BuyContext, BuyEnv } from "./context.ts";
import { isOwnHost } from "../listener/own-host.ts";
import { PageError, servePage, type Page } from "./layout.ts";
import { buyRoutes } from "./routes.ts";

const BODY_BYTES_MAX = 16_384;
const USER_AGENT_CHARACTERS_MAX = 512;

interface BuyAppOptions {
  readonly context: BuyContext;
  /** The address or name to which the server was told to bind. */
  readonly ownHost: string;
  readonly sourceAddressOf: (request: IncomingMessage) => string;
  readonly onError: (error: Error, requestId: string) => void;
}

export function createBuyApp({ context, ownHost, sourceAddressOf, onError }: BuyAppOptions): Hono<BuyEnv> {
  const app = new Hono<BuyEnv>();
  app.use(async (c, next) => {
    if (!isOwnHost(c.req.header("host"), ownHost)) {
      throw new PageError(403, "Not under this name", "Open this page by the server’s address, or as localhost.");
    }
    c.set("call", (operation, accountId) => ({
      requestId: context.newRequestId(),
      operation,
      principal: "buy-page",
      accountId,
      sourceAddress: sourceAddressOf((c.env as HttpBindings).incoming),
      userAgent: (c.req.header("user-agent") ?? "").slice(0, USER_AGENT_CHARACTERS_MAX),
    }));
    return next();
  });
  app.use(limitBody(BODY_BYTES_MAX, (message) => new PageError(413, "Too large", message)));
  app.use(csrf());
  buyRoutes(app, context);
  app.notFound((c) => servePage(c, messagePage("Not found", "There is no such page."), 404));
  app.onError((error, c) => {
    const known = knownError(error);
    if (known === undefined || error instanceof FaultError || error instanceof DefectError) onError(error, "");
    const { status, title, message } = known ?? new PageError(500, "Something went wrong", "Try again.");
    return servePage(c, messagePage(title, message), status);
  });
  return app;
}

function messagePage(title: string, message: string): Page {
  return {
    title,
    content: html`<h1>${title}</h1>
      <p>${message}</p>
      <p><a href="/buy/">All products</a></p>`,
  };
}

function knownError(error: Error): PageError | undefined {
  if (error instanceof PageError) return error;
  if (error instanceof QueueFullError)
    return new PageError(503, "Not now", "Too many requests are waiting. Try again.");
  // The reason is only for the operator, because this page needs no token.
  if (error instanceof FaultError)
    return new PageError(503, "Not now", "The ledger cannot be written or read. Try again.");
  if (error instanceof DefectError)
    return new PageError(503, "Not now", "The ledger takes nothing in until it is mended.");
  if (error instanceof HTTPException && error.status === 403) {
    return new PageError(403, "Not from here", "This form is taken only from the page itself.");
  }
  return undefined;
}
