/** The operator API: bearer token, JSON in camelCase, problem+json errors, and its own OpenAPI description. */
import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { DefectError, FaultError, InvalidCursorError, QueueFullError } from "../ledger/ledger.ts";
import { SumsBehindError } from "../ledger/sums/sums.ts";
import { limitBody } from "../listener/body-limit.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import type { Route } from "./contract/route.ts";
import { ROUTES } from "./contract/routes.ts";
import { BASE_PATH } from "./contract/values.ts";
import { Admission } from "./admission.ts";
import { Callers, type ViewerToken } from "./callers.ts";
import { activityHandlers } from "./handlers/activity.ts";
import { accountHandlers } from "./handlers/catalogue/accounts.ts";
import { agreementHandlers } from "./handlers/catalogue/agreements.ts";
import { adviceHandlers } from "./handlers/advice.ts";
import { auditHandlers } from "./handlers/audit.ts";
import { explanationHandlers } from "./handlers/explanations.ts";
import { faultHandlers } from "./handlers/faults.ts";
import { historyHandlers } from "./handlers/history.ts";
import { issuerHandlers } from "./handlers/catalogue/issuers.ts";
import { labHandlers } from "./handlers/lab.ts";
import { meteringHandlers } from "./handlers/metering.ts";
import { productHandlers } from "./handlers/catalogue/products.ts";
import { registrationKeyHandlers } from "./handlers/catalogue/registration-keys.ts";
import { reportHandlers } from "./handlers/reports.ts";
import { requestHandlers } from "./handlers/requests.ts";
import { resourceHandlers } from "./handlers/resources.ts";
import { serverHandlers } from "./handlers/server.ts";
import { simulationHandlers } from "./handlers/simulations.ts";
import { snapshotHandlers } from "./handlers/snapshots.ts";
import { usageHandlers } from "./handlers/usage.ts";
import { ProblemError, invalid, problemResponse } from "./problem.ts";
import { partsOf, routeNames, serveRoutes, type Handlers } from "./serve-routes.ts";
import { refuseUnread } from "./unread-members.ts";

const BODY_BYTES_MAX = 1_048_576;
const REASON_CHARACTERS_MAX = 500;

interface OperatorAppOptions {
  readonly context: OperatorContext;
  readonly operatorToken: string;
  /** Tokens of readers. */
  readonly viewerTokens: readonly ViewerToken[];
  readonly version: string;
  readonly sourceAddressOf: (request: IncomingMessage) => string;
  readonly onError: (error: Error, requestId: string) => void;
}

export interface OperatorApp {
  readonly fetch: OpenAPIHono["fetch"];
  /** The API's OpenAPI 3.1 description in JSON. Made once and then held, because it is answered without a token. */
  readonly description: () => Uint8Array;
}

export function createOperatorApp(options: OperatorAppOptions): OperatorApp {
  const { context } = options;
  const api = new OpenAPIHono<OperatorEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
  const callers = new Callers(options.operatorToken, options.viewerTokens);
  api.use(async (c, next) => {
    const caller = callers.of(/^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "");
    if (caller === undefined) {
      c.header("WWW-Authenticate", "Bearer");
      throw new ProblemError(
        401,
        "The operator API needs its bearer token; the server was started with it, or printed it.",
      );
    }
    const requestId = context.newRequestId();
    c.header("x-request-id", requestId);
    // Absent where a program in the same process asks, over no connection.
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
    c.set("principal", caller.principal);
    c.set("role", caller.role);
    c.set("call", (operation) => ({
      requestId,
      operation,
      principal: caller.principal,
      sourceAddress: incoming === undefined ? "" : options.sourceAddressOf(incoming),
      userAgent: (c.req.header("user-agent") ?? "").slice(0, 512),
    }));
    return next();
  });
  api.use(limitBodies());
  api.use(refuseUnread(BASE_PATH));
  const admission = new Admission(context);
  serveRoutes(api, handlersOf(context), (c, name, route) => admission.admit(c, name, route));

  const app = new OpenAPIHono();
  app.route(BASE_PATH, api);
  app.openAPIRegistry.registerComponent("securitySchemes", "operatorToken", { type: "http", scheme: "bearer" });
  let description: Uint8Array | undefined;
  app.notFound((c) => problemResponse(c, new ProblemError(404, "No such route.")));
  app.onError((error, c) => answerError(error, c, options));
  return { fetch: app.fetch, description: () => (description ??= describe(app, options.version)) };
}

function limited(maxBytes: number): MiddlewareHandler {
  return limitBody(maxBytes, (message) => new ProblemError(413, message));
}

/** Bounds each body by what its route takes. */
function limitBodies(): MiddlewareHandler {
  const others = limited(BODY_BYTES_MAX);
  const long = new Map(
    routeNames.flatMap((name): [string, MiddlewareHandler][] => {
      const { bodyBytesMax }: Route = ROUTES[name];
      const { method, path } = partsOf(name);
      return bodyBytesMax === undefined ? [] : [[`${method} ${BASE_PATH}${path}`, limited(bodyBytesMax)]];
    }),
  );
  return (c, next) => (long.get(`${c.req.method} ${c.req.path}`) ?? others)(c, next);
}

function handlersOf(context: OperatorContext): Handlers {
  return {
    ...accountHandlers(context),
    ...productHandlers(context),
    ...agreementHandlers(context),
    ...issuerHandlers(context),
    ...meteringHandlers(context),
    ...registrationKeyHandlers(context),
    ...explanationHandlers(context),
    ...adviceHandlers(context),
    ...auditHandlers(context),
    ...activityHandlers(context),
    ...requestHandlers(context),
    ...historyHandlers(context),
    ...simulationHandlers(context),
    ...serverHandlers(context),
    ...resourceHandlers(context),
    ...reportHandlers(context),
    ...usageHandlers(context),
    ...labHandlers(context),
    ...snapshotHandlers(context),
    ...faultHandlers(context),
  };
}

function describe(app: OpenAPIHono, version: string): Uint8Array {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Countinghouse operator API", version },
    security: [{ operatorToken: [] }],
  });
  return Buffer.from(JSON.stringify(document, patternOnly));
}

/** The generator leaves the end of a regular expression's literal (`/u`) in the pattern. */
function patternOnly(name: string, value: unknown): unknown {
  return name === "pattern" && typeof value === "string" ? value.replace(/\$\/[a-z]+$/, "$") : value;
}

function answerError(error: Error, c: Context, options: OperatorAppOptions): Response {
  const known = knownProblem(error);
  if (known === undefined || isTrouble(error)) options.onError(error, c.res.headers.get("x-request-id") ?? "");
  return problemResponse(c, known ?? new ProblemError(500, "An internal error occurred."));
}

function knownProblem(error: Error): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  if (error instanceof InvalidCursorError) return new ProblemError(400, error.message);
  if (error instanceof QueueFullError) return new ProblemError(503, `${error.message} Try again.`);
  if (error instanceof SumsBehindError) return new ProblemError(503, error.message, { progress: error.progress });
  if (isTrouble(error)) return new ProblemError(503, reasonOf(error));
  if (error instanceof HTTPException && error.status === 400) return new ProblemError(400, "The body is not JSON.");
  if (error instanceof HTTPException && error.status === 415) {
    return new ProblemError(415, "A body must be sent as application/json.");
  }
  return undefined;
}

/** Trouble of the machine, or a ledger that contradicts itself: such errors also go to the operator's log. */
function isTrouble(error: Error): boolean {
  return error instanceof FaultError || error instanceof DefectError;
}

/** The reason in one sentence; stack, cause and statement are for the log. */
function reasonOf({ message }: Error): string {
  const [line = ""] = message.split("\n", 1);
  return `${line.slice(0, REASON_CHARACTERS_MAX).replace(/\.$/, "")}.`;
}
