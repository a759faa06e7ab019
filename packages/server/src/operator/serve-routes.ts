/** Serves the contract's routes: reads a request by its route's schemas, calls the route's handler, and writes the answer. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { HttpBindings } from "@hono/node-server";
import type { Context, HonoRequest, Next } from "hono";
import type { Call } from "../ledger/entry.ts";
import { PROBLEM_TITLES, problemSchema, problemsOf } from "./contract/problem.ts";
import type { Answer, AnswerOf, Method, ParamsOf, Route } from "./contract/route.ts";
import { ROUTES, type RouteName, type RouteTable } from "./contract/routes.ts";
import { CountedResponse } from "../listener/connections/counted-response.ts";
import type { OperatorEnv, Role } from "./context.ts";

/** A request after its route's schemas have read it. */
interface RouteRequest<Name extends RouteName> {
  readonly params: ParamsOf<Name>;
  readonly query: Read<RouteTable[Name], "query">;
  readonly body: Read<RouteTable[Name], "body">;
  /** The caller of the request; `operation` is the name under which the call is kept. */
  readonly call: (operation: string) => Call;
  readonly principal: string;
  readonly role: Role;
  /** For what no schema reads: headers, and the address that was called. */
  readonly request: HonoRequest;
}

type Read<R extends Route, Part extends "query" | "body"> = R extends {
  readonly [P in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

/** An answer in another form than JSON. */
export class TextAnswer {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(text: string, headers: Readonly<Record<string, string>>) {
    this.text = text;
    this.headers = headers;
  }
}

/** An answer of server-sent events, without an end of its own. */
export class EventsAnswer {
  /** Answers the next bytes to send; undefined at the end. */
  readonly next: () => Promise<Uint8Array | undefined>;
  /** Called once the reader has gone. */
  readonly end: () => void;

  constructor(next: () => Promise<Uint8Array | undefined>, end: () => void) {
    this.next = next;
    this.end = end;
  }
}

type Answered<R extends Route> = R["answer"] extends { readonly events: object }
  ? EventsAnswer
  : AnswerOf<R> | (R["answer"] extends { readonly csv: true } ? TextAnswer : never);

type Handler<Name extends RouteName> = (
  request: RouteRequest<Name>,
) => Answered<RouteTable[Name]> | Promise<Answered<RouteTable[Name]>>;

/** The handlers of some routes, or of all: a route without a handler does not compile. */
export type Handlers<Name extends RouteName = RouteName> = { readonly [N in Name]: Handler<N> };

/** Checks whether the caller may call this route. Throws ProblemError where not. */
type Admit = (c: Context<OperatorEnv>, name: RouteName, route: Route) => Promise<void>;

export function serveRoutes(api: OpenAPIHono<OperatorEnv>, handlers: Handlers, admit: Admit): void {
  // One type for all handlers: the compiler has checked where they were put together that each fits its route.
  const table = handlers as unknown as Readonly<Record<RouteName, (request: object) => unknown>>;
  for (const name of routeNames) {
    const route: Route = ROUTES[name];
    const middleware = async (c: Context<OperatorEnv>, next: Next): Promise<void> => {
      await admit(c, name, route);
      await next();
    };
    api.openapi(createRoute({ ...configOf(name, route), middleware }), async (c) =>
      answerOf(c, route.answer, await table[name](requestOf(c))),
    );
  }
}

export const routeNames = Object.keys(ROUTES) as readonly RouteName[];

/** `GET /accounts/{id}` as its two parts. */
export function partsOf(name: RouteName): { readonly method: Method; readonly path: string } {
  const [method, path] = name.split(" ") as [Method, string];
  return { method, path };
}

type RouteConfig = Parameters<typeof createRoute>[0];

/** The route's part of the OpenAPI description, by which its requests are validated as well. */
function configOf(name: RouteName, route: Route): RouteConfig {
  const { method, path } = partsOf(name);
  const { tag, summary, description, query, body, bodyOptional, answer } = route;
  const params = paramsOf(path, route);
  return {
    method: method.toLowerCase() as Lowercase<Method>,
    path,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined
        ? {}
        : { body: { required: bodyOptional !== true, content: { "application/json": { schema: body } } } }),
    },
    responses: { [answer.status]: responseOf(answer), ...problemResponses(route) },
  };
}

function paramsOf(path: string, { params = {} }: Route): z.ZodObject | undefined {
  const members = [...path.matchAll(/\{(\w+)\}/g)].map(([, member = ""]): [string, z.ZodType] => {
    const text = params[member];
    return [member, text === undefined ? z.string() : z.string().describe(text)];
  });
  return members.length === 0 ? undefined : z.object(Object.fromEntries(members));
}

function responseOf({ description, json, csv, events }: Answer): RouteConfig["responses"][string] {
  if (events !== undefined) return { description, content: { "text/event-stream": { schema: eventsSchema(events) } } };
  if (json === undefined) return { description };
  const content = { "application/json": { schema: json } };
  return { description, content: csv === true ? { "text/csv": { schema: z.string() }, ...content } : content };
}

/** The schema of an event's `data`, whichever kind the event has. */
function eventsSchema(events: NonNullable<Answer["events"]>): z.ZodType {
  return z.union(Object.values(events));
}

function problemResponses(route: Route): RouteConfig["responses"] {
  const content = { "application/problem+json": { schema: problemSchema } };
  const responses = problemsOf(route).map((status) => [status, { description: PROBLEM_TITLES[status], content }]);
  return Object.fromEntries(responses) as RouteConfig["responses"];
}

/** The request as the validators have read it, by the schemas of this route. */
function requestOf(c: Context<OperatorEnv>): object {
  const validated = c.req as unknown as { valid(part: string): unknown };
  const read = (part: string): unknown => validated.valid(part);
  return {
    params: read("param"),
    query: read("query"),
    body: read("json"),
    call: c.var.call,
    principal: c.var.principal,
    role: c.var.role,
    request: c.req,
  };
}

function answerOf(c: Context, { status }: Answer, answer: unknown): Response {
  if (status === 204) return c.body(null, status);
  if (answer instanceof EventsAnswer) return sendEvents(c as Context<OperatorEnv>, answer);
  if (answer instanceof TextAnswer) return c.body(answer.text, status, answer.headers);
  return c.json(answer as object, status);
}

function sendEvents(c: Context<OperatorEnv>, { next, end }: EventsAnswer): Response {
  const { outgoing } = c.env as HttpBindings;
  if (outgoing instanceof CountedResponse) outgoing.isEndless = true;
  // A client that asks for the headers alone, or has gone already, reads no body, so `cancel` below is not called.
  const { socket } = outgoing;
  if (outgoing.destroyed) end();
  else {
    // A reader that ends its side reads no more. For other answers that does not hold, and Node leaves the connection open.
    socket?.once("end", end);
    outgoing.once("close", () => {
      socket?.off("end", end);
      end();
    });
  }
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        // After an error the reader connects again and goes on from its place, so half an event is never sent.
        const bytes = await next().catch(() => undefined);
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  // The last header is for proxies that would collect events before they pass them on.
  const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" };
  return c.body(body, 200, headers);
}
