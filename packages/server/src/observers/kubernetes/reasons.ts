/** Says why there is trouble with a cluster, without the secrets of a kubeconfig. */

const CHARACTERS_MAX = 300;

/** Why a kubeconfig cannot be used. */
export function whyUnusable(error: Error): string {
  // The parser's message quotes the file: it takes a token that begins with `*` for an unknown alias, and names it.
  const { name, mark } = error as Error & { readonly mark?: { readonly line: number; readonly column: number } };
  if (name === "YAMLException") {
    return mark === undefined
      ? "not one document of YAML"
      : `not YAML at line ${mark.line + 1}, column ${mark.column + 1}`;
  }
  return firstLine(error.message);
}

/** Why pods cannot be observed. The client's errors hold whole answers and requests, so only parts of them are used. */
export function whyUnobserved(error: unknown): string {
  if (!(error instanceof Error)) return within(String(error));
  // JavaScript quotes the text that it cannot parse, and a credential plugin's output is the token.
  if (error instanceof SyntaxError) return "the cluster, or the kubeconfig's credential plugin, answered no JSON";
  // `fetch` only says that the connection failed. The reason is in the cause, which after several addresses has only a code.
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const reason = cause instanceof Error ? firstLine(cause.message) || cause.code : undefined;
  return within(reason === undefined ? error.message : `${error.message}: ${reason}`);
}

function within(text: string): string {
  // Node quotes the whole header where it cannot be sent.
  return text.replace(/\b(Bearer|Basic) .*/s, "$1 …").slice(0, CHARACTERS_MAX);
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n");
  return line;
}
