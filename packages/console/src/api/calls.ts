/** Calls of the operator API as hooks: typed by its contract, kept for a while, and made again when something has changed. */
import { QueryClient, keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";
import {
  OperatorConnectionError,
  OperatorProblemError,
  operatorClient,
  type AnswerTo,
  type ItemOf,
  type ListRouteName,
  type OperatorClient,
  type RequestArguments,
  type RouteName,
} from "countinghouse/operator";
import { currentSession, endSession } from "./session.ts";

export type GetRouteName = Extract<RouteName, `GET ${string}`>;
type GetListRouteName = Extract<ListRouteName, GetRouteName>;

/** Items that a list asks for at once. */
const PAGE_ITEMS = 200;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refuses it refuses again; what does not answer is asked by the heartbeat.
      retry: false,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});

/** A client with this session's token. */
export const api = (): OperatorClient => clientWith(fetch);

/** The same, over a fetch of its own. A refusal of the token ends the session, wherever it was met. */
export function clientWith(fetchOf: typeof fetch): OperatorClient {
  const token = currentSession().token ?? "-";
  const asked: typeof fetch = async (input, init) => {
    const response = await fetchOf(input, { ...init, cache: "no-store", credentials: "omit" });
    if (response.status === 401) endSession("refused", token);
    return response;
  };
  return operatorClient({ endpoint: location.origin, token, fetch: asked });
}

interface AskOptions {
  readonly enabled?: boolean;
  /** Milliseconds between two askings; undefined for once. */
  readonly every?: number;
  /** Whether the last answer is shown until there is a new one, though it was asked otherwise. */
  readonly keep?: boolean;
  /** Of a list whose pages may be short, or empty, though more follows: how many items are looked for at once. */
  readonly fill?: number;
}

/** Pages that are asked for by themselves, before somebody has to ask for more. */
const FILLING_PAGES_MAX = 20;

/** The answer of a route that is read. */
export function useAnswer<Name extends GetRouteName>(
  route: Name,
  request: RequestArguments<Name>[0],
  { enabled = true, every, keep = false }: AskOptions = {},
): UseQueryResult<AnswerTo<Name>> {
  return useQuery({
    queryKey: [route, request],
    enabled,
    queryFn: ({ signal }) =>
      api().call(route, ...([{ ...request, signal: bounded(signal) }] as unknown as RequestArguments<Name>)),
    // What has to be done before it can be answered says how far it has come, and is asked again.
    refetchInterval: ({ state }) => (progressOf(state.error) === undefined ? (every ?? false) : PROGRESS_MS),
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
}

const PROGRESS_MS = 1_000;

/** How far something has come that has to be done before a call can be answered. */
export function progressOf(error: unknown): OperatorProblemError["progress"] {
  return error instanceof OperatorProblemError ? error.progress : undefined;
}

export interface List<Item> {
  /** Undefined until the first page is there. */
  readonly items: readonly Item[] | undefined;
  readonly error: Error | null;
  /** Undefined where there is no more. */
  readonly more: (() => void) | undefined;
  readonly isLoadingMore: boolean;
}

/** A list, page after page as it is asked for. */
export function useList<Name extends GetListRouteName>(
  route: Name,
  query: object = {},
  { enabled = true, every, keep = false, fill = 0 }: AskOptions = {},
): List<ItemOf<Name>> {
  const found = useInfiniteQuery({
    queryKey: [route, "list", query],
    enabled,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const request = {
        query: { limit: PAGE_ITEMS, ...query, ...(pageParam === "" ? {} : { cursor: pageParam }) },
        signal: bounded(signal),
      };
      const page = await api().call(route, ...([request] as unknown as RequestArguments<Name>));
      return page as { readonly items: readonly ItemOf<Name>[]; readonly nextCursor?: string };
    },
    getNextPageParam: ({ nextCursor }) => nextCursor,
    ...(every === undefined ? {} : { refetchInterval: every }),
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
  const { data, hasNextPage, isFetching, fetchNextPage } = found;
  const pages = data?.pages ?? [];
  const isShort = hasNextPage && pages.length < FILLING_PAGES_MAX && countOf(pages) < fill;
  useEffect(() => {
    if (isShort && !isFetching) void fetchNextPage();
  }, [isShort, isFetching, fetchNextPage]);
  return {
    items: found.data?.pages.flatMap(({ items }) => items),
    error: found.error,
    more: found.hasNextPage ? () => void found.fetchNextPage() : undefined,
    isLoadingMore: found.isFetchingNextPage,
  };
}

const countOf = (pages: readonly { readonly items: readonly unknown[] }[]): number =>
  pages.reduce((count, { items }) => count + items.length, 0);

/** A connection that is silent for so long is dead, though nobody has told this browser. */
const SILENCE_MS = 30_000;

export const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);

export const isGone = (error: unknown): boolean =>
  error instanceof OperatorConnectionError || (error instanceof Error && error.name === "TimeoutError");

export function statusOf(error: unknown): number | undefined {
  return error instanceof OperatorProblemError ? error.status : undefined;
}
