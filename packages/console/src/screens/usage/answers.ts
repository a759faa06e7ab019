/** A route that is asked in several ways at once. */
import { useQueries, type UseQueryResult } from "@tanstack/react-query";
import type { AnswerTo, RequestArguments } from "countinghouse/operator";
import { api, bounded, type GetRouteName } from "../../api/calls.ts";

/** The answers of a route that is asked in several ways at once. */
export function useAnswers<Name extends GetRouteName>(
  route: Name,
  requests: readonly RequestArguments<Name>[0][],
): readonly UseQueryResult<AnswerTo<Name>>[] {
  return useQueries({
    queries: requests.map((request) => ({
      queryKey: [route, request],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api().call(route, ...([{ ...request, signal: bounded(signal) }] as unknown as RequestArguments<Name>)),
    })),
  });
}
