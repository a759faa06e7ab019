/** Page tokens: what a caller brings back to be shown the next page of an answer. */

export interface PageTokens {
  /** `query` is who asked for what: the token is good for that alone. */
  seal(query: string, position: string): string;
  /** The position, or undefined for what is no token of ours, or one for another query. */
  open(query: string, token: string): string | undefined;
}
