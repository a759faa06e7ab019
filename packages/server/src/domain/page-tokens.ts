/** Page tokens: what a caller sends to get the next page of an answer. */

export interface PageTokens {
  /** `query` says who asks for what; the token is good for that query only. */
  seal(query: string, position: string): string;
  /** The position; undefined where the token was not made here, or was made for another query. */
  open(query: string, token: string): string | undefined;
}
