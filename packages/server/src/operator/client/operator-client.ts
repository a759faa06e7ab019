/** A typed client of the operator API: one method for all routes, typed by the contract. It loads no schema and no library. */
import type { Page } from "../contract/common.ts";
import { BASE_PATH, PAGE_ITEMS_MAX } from "../contract/values.ts";
import type { Problem } from "../contract/problem.ts";
import type { AnswerTo, RouteName } from "../contract/routes.ts";
import { OperatorConnectionError, OperatorProblemError } from "./errors.ts";
import { follow, type FollowOptions, type FollowedEvent } from "./follow.ts";
import type {
  CsvRouteName,
  EventOf,
  EventsRouteName,
  FollowArguments,
  ItemOf,
  ListRouteName,
  RequestArguments,
} from "./requests.ts";

/** The server, and how to reach it. */
export interface OperatorClientOptions {
  /** The server's address, such as `http://127.0.0.1:7420`, or that of its operator API, which ends in `/operator/v1`. */
  readonly endpoint: string | URL;
  /** The operator token: the one that the server was started with (`--operator-token`), or printed. */
  readonly token: string;
  /** Used in place of the runtime's own `fetch`, for proxies, certificates and tests. */
  readonly fetch?: typeof fetch | undefined;
}

/** The first items of a list. */
export interface FirstItems<Item> {
  readonly items: readonly Item[];
  /** Whether there may be more items. */
  readonly more: boolean;
}

/** Comma-separated values, and what the answer's headers say of them. */
export interface CsvAnswer {
  readonly text: string;
  /** Present where a part may be missing, because records of before this time have expired. ISO 8601. */
  readonly keptSince: string | undefined;
}

/**
 * Calls to the operator API. A route's name is its method and path, as in the API's description: `GET /accounts/{id}`. Each
 * call throws OperatorProblemError where the server refuses, and OperatorConnectionError where no operator API answers.
 */
export interface OperatorClient {
  /** Calls a route once and answers its JSON. Does not retry. */
  call<Name extends RouteName>(route: Name, ...request: RequestArguments<Name>): Promise<AnswerTo<Name>>;
  /** The items of a list. Pages are read as their items are asked for; `query.limit` is the size of a page. */
  items<Name extends ListRouteName>(
    route: Name,
    ...request: RequestArguments<Name>
  ): AsyncGenerator<ItemOf<Name>, void>;
  /** The first `count` items of a list. */
  first<Name extends ListRouteName>(
    route: Name,
    count: number,
    ...request: RequestArguments<Name>
  ): Promise<FirstItems<ItemOf<Name>>>;
  /**
   * The events of a route that sends them, without an end. Where the connection ends it is made anew, and goes on behind the
   * event that came last: one may come again, and none is left out. It ends where `signal` says so, and throws as a call does
   * where the server refuses it, or cannot be reached for `retriesMax` times in a row.
   */
  events<Name extends EventsRouteName>(
    route: Name,
    ...request: FollowArguments<Name>
  ): AsyncGenerator<EventOf<Name>, void>;
  /** Calls a route for comma-separated values, where it has them. */
  csv<Name extends CsvRouteName>(route: Name, ...request: RequestArguments<Name>): Promise<CsvAnswer>;
}

/** Makes a client of a server's operator API. Throws TypeError for an endpoint or a token that cannot be one. */
export function operatorClient(options: OperatorClientOptions): OperatorClient {
  const { endpoint, token, fetch: fetchOf = fetch } = options;
  const url = String(endpoint).replace(/\/+$/, "");
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new TypeError("endpoint must be the address of a server, such as http://127.0.0.1:7420");
  }
  // The error of `fetch` would quote the password.
  if (holdsCredentials(url)) throw new TypeError("endpoint must not hold a name or a password");
  // The error of `fetch` would quote the token.
  if (!/^[\u0020-\u007e]+$/.test(token)) throw new TypeError("token holds characters that cannot be sent");
  return clientAt(url.endsWith(BASE_PATH) ? url : `${url}${BASE_PATH}`, token, fetchOf);
}

/** Whether an address holds a user name or a password, which no message may show. */
export function holdsCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}

/** The same, for the exact address of an operator API. */
export function clientAt(address: string, token: string, fetchOf: typeof fetch = fetch): OperatorClient {
  const open = opener(address, token, fetchOf);
  const send = sender(address, open);
  // The answer is taken to be as the contract says: client and server are of one version, and the server is type-checked
  // against it.
  const call = async (route: string, request?: AnyRequest): Promise<unknown> => {
    const { text } = await send(route, request, "json");
    return text === "" ? undefined : jsonOf(text, address);
  };
  const page = async (route: string, request: AnyRequest | undefined, more: object): Promise<Page<unknown>> => {
    const answer = await call(route, { ...request, query: { ...request?.query, ...more } });
    if (!Array.isArray((answer as Partial<Page<unknown>> | null | undefined)?.items)) throw notAnOperatorApi(address);
    return answer as Page<unknown>;
  };

  async function* items(route: string, request?: AnyRequest): AsyncGenerator<unknown, void> {
    let cursor: string | undefined;
    do {
      const answer = await page(route, request, cursor === undefined ? {} : { cursor });
      yield* answer.items;
      cursor = answer.nextCursor;
    } while (cursor !== undefined);
  }

  async function first(route: string, count: number, request?: AnyRequest): Promise<FirstItems<unknown>> {
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const answer = await page(route, request, { cursor, limit: Math.min(PAGE_ITEMS_MAX, count - found.length) });
      found.push(...answer.items);
      cursor = answer.nextCursor;
    } while (cursor !== undefined && found.length < count);
    return { items: found, more: cursor !== undefined };
  }

  async function csv(route: string, request?: AnyRequest): Promise<CsvAnswer> {
    const { text, headers } = await send(route, request, "csv");
    return { text, keptSince: headers.get("kept-since") ?? undefined };
  }

  const events = (route: string, request?: AnyRequest & FollowOptions): AsyncGenerator<FollowedEvent, void> =>
    follow((headers, signal) => open(route, { ...request, signal }, "text/event-stream", headers), request);

  return { call, items, first, csv, events } as unknown as OperatorClient;
}

/** A request for any route. */
interface AnyRequest {
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly query?: object | undefined;
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface RawAnswer {
  readonly text: string;
  readonly headers: Headers;
}

type Send = (route: string, request: AnyRequest | undefined, form: "json" | "csv") => Promise<RawAnswer>;

function sender(address: string, open: Open): Send {
  return async (route, request, form) => {
    const response = await open(route, request, form === "csv" ? "text/csv" : "application/json");
    try {
      return { text: await response.text(), headers: response.headers };
    } catch (error) {
      request?.signal?.throwIfAborted();
      throw unreachable(address, error);
    }
  };
}

type Open = (
  route: string,
  request: AnyRequest | undefined,
  accept: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<Response>;

/** Sends a request, and answers the response once it has begun. Throws where the server refuses, or is none. */
function opener(address: string, token: string, fetchOf: typeof fetch): Open {
  return async (route, request, accept, headers) => {
    const [method = "", path = ""] = route.split(" ");
    const { body, signal } = request ?? {};
    let response: Response;
    let refused: string | undefined;
    try {
      response = await fetchOf(`${address}${filled(path, request)}`, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          accept,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        // A change that is led elsewhere would go on as a GET, and its answer be taken for the change's.
        redirect: "manual",
      });
      if (!response.ok) refused = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(address, error);
    }
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
      const message = `What answers at ${address} leads elsewhere (${response.status}): give the address that it leads to.`;
      throw new OperatorConnectionError(message);
    }
    const type = response.headers.get("content-type") ?? "";
    const isAnswered = response.status !== 204 && refused !== "";
    if (isAnswered && !type.includes(response.ok ? accept : "json")) {
      await response.body?.cancel().catch(() => undefined);
      throw notAnOperatorApi(address);
    }
    if (refused === undefined) return response;
    const requestId = response.headers.get("x-request-id") ?? undefined;
    throw new OperatorProblemError(
      problemOf(response.status, refused === "" ? {} : jsonOf(refused, address)),
      requestId,
    );
  };
}

function jsonOf(text: string, address: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notAnOperatorApi(address);
  }
}

/** Reads as much of a problem as there is: a proxy may have answered in the server's place. */
function problemOf(status: number, answer: unknown): Pick<Problem, "status" | "detail" | "errors" | "progress"> {
  const { detail, errors, progress } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  return {
    status,
    detail: typeof detail === "string" && detail !== "" ? detail : undefined,
    errors: Array.isArray(errors) ? errors.map(String) : undefined,
    progress: progressOf(progress),
  };
}

function progressOf(value: unknown): Problem["progress"] {
  const { done, of } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof done === "number" && typeof of === "number" ? { done, of } : undefined;
}

function notAnOperatorApi(address: string): OperatorConnectionError {
  return new OperatorConnectionError(
    `What answers at ${address} is not an operator API; its address is like http://127.0.0.1:7420${BASE_PATH}.`,
  );
}

function unreachable(address: string, error: unknown): OperatorConnectionError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  return new OperatorConnectionError(`The server at ${address} cannot be reached: ${cause}`, { cause: error });
}

/** The path with its members filled in, and the query. Undefined members are left out. */
function filled(path: string, { params = {}, query = {} }: AnyRequest = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  const whole = path.replaceAll(/\{(\w+)\}/g, (_, member: string) => encodeURIComponent(params[member] ?? ""));
  return search === "" ? whole : `${whole}?${search}`;
}
