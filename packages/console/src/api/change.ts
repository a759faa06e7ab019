/** Calls that change the server, as hooks. */
import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import type { OperatorClient } from "countinghouse/operator";
import { api, queryClient } from "./calls.ts";

/** Something that changes the server; afterwards everything that is shown is asked again. */
export function useChange<Given, Answer>(
  change: (client: OperatorClient, given: Given) => Promise<Answer>,
  onDone?: (answer: Answer, given: Given) => void,
): UseMutationResult<Answer, Error, Given> {
  return useMutation({
    mutationFn: (given: Given) => change(api(), given),
    onSuccess: async (answer, given) => {
      onDone?.(answer, given);
      await queryClient.invalidateQueries();
    },
  });
}
