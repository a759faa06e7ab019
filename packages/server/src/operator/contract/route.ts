/**
 * How a route of the operator API is declared: its request and its answer. The server's handlers, the OpenAPI description, the
 * typed client and the command line are all typed by these declarations.
 */
import type { z } from "zod";
import type { ProblemStatus } from "./problem.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A route's name is its method and its path: `GET /accounts/{id}`. */
type RouteText = `${Method} /${string}`;

export interface Route {
  /** The group under which the description lists the route. */
  readonly tag: string;
  /** The command that calls the route, such as `account list`; or why no command does. */
  readonly command: string | { readonly none: string };
  /** What the route does, in one line. */
  readonly summary: string;
  readonly description?: string;
  /** What the members of the path are, where their names do not say it. Each member is a text. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  /** Read as JSON. */
  readonly body?: z.ZodType<object>;
  /** How long the body may be, where that is more than other routes take. */
  readonly bodyBytesMax?: number;
  /** Whether the body may be left out. */
  readonly bodyOptional?: true;
  readonly answer: Answer;
  /** The problems that the route can answer, besides those of every route. */
  readonly problems?: readonly ProblemStatus[];
  /** A route of labs only: elsewhere it answers 403. Readers' tokens may never call it. */
  readonly lab?: true;
  /** Whether a reader's token may call the route; by default it may call every `GET`. */
  readonly readers?: boolean;
  /** The route shows the audit trail, so its use with a reader's token is kept. */
  readonly showsTrail?: true;
}

export interface Answer {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** Absent where the answer has no content. */
  readonly json?: z.ZodType;
  /** Whether the route also answers comma-separated values. */
  readonly csv?: true;
  /** For server-sent events without an end: the schema of each kind's data. `message` is the kind without a name. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
}

export type Routes = Readonly<Record<RouteText, Route>>;

/** Read-only at every depth: answers are not to be changed. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Frozen<T[Name]> }
    : T;

/** The members of a path: `id` and `keyId` of `/accounts/{id}/access-keys/{keyId}`. */
type PathMember<Path extends string> = Path extends `${string}{${infer Member}}${infer Rest}`
  ? Member | PathMember<Rest>
  : never;

export type ParamsOf<Name extends string> = { readonly [Member in PathMember<Name>]: string };

/** A route's query as a program gives it: typed values, which the address holds as texts. Undefined where the route has none. */
export type QueryOf<R extends Route> = R extends { readonly query: infer Query extends z.ZodObject }
  ? Given<z.input<Query>, z.output<Query>>
  : undefined;

type Given<Input, Output> = {
  readonly [Name in keyof Input]: (Name extends keyof Output ? Output[Name] : never) | OrLeftOut<Input[Name]>;
};

type OrLeftOut<Value> = undefined extends Value ? undefined : never;

/** A route's body as a program sends it; undefined where the route has none. */
export type BodyOf<R extends Route> = R extends { readonly body: infer Body extends z.ZodType }
  ? Frozen<z.input<Body>>
  : undefined;

/** The events of a route, each with its kind; never where the route sends none. */
export type EventsOf<R extends Route> = R["answer"] extends {
  readonly events: infer Events extends Readonly<Record<string, z.ZodType>>;
}
  ? {
      readonly [Kind in keyof Events & string]: { readonly kind: Kind; readonly data: Frozen<z.output<Events[Kind]>> };
    }[keyof Events & string]
  : never;

/** A route's answer in JSON; undefined where the answer has no content. */
export type AnswerOf<R extends Route> = R["answer"] extends { readonly json: infer Json extends z.ZodType }
  ? Frozen<z.output<Json>>
  : undefined;
