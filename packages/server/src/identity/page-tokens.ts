/**
 * A page token says where the next page of a query begins. It is sealed for the query: an altered token, or one of another
 * query, does not open. The server keeps none of them.
 */
import type { PageTokens } from "../domain/page-tokens.ts";
import type { Sealer } from "./seal.ts";

export function pageTokensOf(sealer: Sealer): PageTokens {
  return {
    // Not in the URL alphabet: the AWS CLI takes a token that begins with `-` for an option.
    seal: (query, position) => sealer.seal(position, purposeOf(query)).toString("base64"),
    open: (query, token) => {
      const sealed = Buffer.from(token, "base64");
      // Node's decoder accepts variants (padding, the other alphabet, white space); a variant counts as altered.
      return sealed.toString("base64") === token ? sealer.open(sealed, purposeOf(query)) : undefined;
    },
  };
}

function purposeOf(query: string): string {
  return `page of ${query}`;
}
