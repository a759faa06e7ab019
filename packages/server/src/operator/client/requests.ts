/** The types of calls, derived from the contract. */
import type { BodyOf, ParamsOf, QueryOf, Route } from "../contract/route.ts";
import type { AnswerTo, EventFrom, RouteName, RouteTable } from "../contract/routes.ts";
import type { FollowOptions } from "./follow.ts";

/** The request to a route: the members of its path, its query, its body. Parts that the route does not read are left out. */
export type RequestTo<Name extends RouteName> = Part<"params", ParamsOf<Name>> &
  Part<"query", QueryOf<RouteTable[Name]>> &
  BodyPart<RouteTable[Name]> & {
    /** Aborts the call, which then throws the signal's reason. */
    readonly signal?: AbortSignal | undefined;
  };

/** A part is optional where all of its members are; a part without members is left out. */
type Part<Name extends string, Value> = [Value] extends [undefined] | [Record<string, never>]
  ? unknown
  : object extends Value
    ? { readonly [N in Name]?: Value | undefined }
    : { readonly [N in Name]: Value };

type BodyPart<R extends Route> = [BodyOf<R>] extends [undefined]
  ? unknown
  : R extends { readonly bodyOptional: true }
    ? { readonly body?: BodyOf<R> | undefined }
    : { readonly body: BodyOf<R> };

/** The arguments after a route's name: optional where the whole request is. */
export type RequestArguments<Name extends RouteName> =
  object extends RequestTo<Name> ? [request?: RequestTo<Name>] : [request: RequestTo<Name>];

/** The routes that answer lists, a page at a time. */
export type ListRouteName = {
  [Name in RouteName]: AnswerTo<Name> extends { readonly items: readonly unknown[] } ? Name : never;
}[RouteName];

/** An item of a list. */
export type ItemOf<Name extends ListRouteName> =
  AnswerTo<Name> extends { readonly items: readonly (infer Item)[] } ? Item : never;

/** The routes that also answer comma-separated values. */
export type CsvRouteName = {
  [Name in RouteName]: RouteTable[Name]["answer"] extends { readonly csv: true } ? Name : never;
}[RouteName];

/** The routes that send events without an end. */
export type EventsRouteName = {
  [Name in RouteName]: RouteTable[Name]["answer"] extends { readonly events: object } ? Name : never;
}[RouteName];

/** One event: its kind, its data, and its id, after which a reader can go on. */
export type EventOf<Name extends EventsRouteName> = EventFrom<Name> & {
  /** The id of this event, or of the newest event before it that had one; undefined where none had. */
  readonly id: string | undefined;
};

/** The arguments after the name of a route that sends events. */
export type FollowArguments<Name extends EventsRouteName> = [request?: RequestTo<Name> & FollowOptions];
