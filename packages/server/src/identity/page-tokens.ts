/**
 * Page tokens say where the next page of a query begins, sealed under the query: one that was altered, or was given for
 * another query, does not open. Nothing of them is kept.
 */
import type { PageTokens } from "../domain/page-tokens.ts";
import type { Sealer } from "./seal.ts";

export function pageTokensOf(sealer: Sealer): PageTokens {
  return {
    // Not the URL alphabet: a token that begins with `-` is an option to the AWS CLI.
    seal: (query, position) => sealer.seal(position, purposeOf(query)).toString("base64"),
    open: (query, token) => {
      const sealed = Buffer.from(token, "base64");
      // Node's decoder forgives much (padding, the other alphabet, white space); a token is exact or it is altered.
      return sealed.toString("base64") === token ? sealer.open(sealed, purposeOf(query)) : undefined;
    },
  };
}

function purposeOf(query: string): string {
  return `page of ${query}`;
}
