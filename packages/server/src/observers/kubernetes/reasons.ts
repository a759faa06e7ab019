/** What is told of trouble with a cluster: why, and nothing that a kubeconfig keeps secret. */

const CHARACTERS_MAX = 300;

/** Why a kubeconfig cannot be used. */
export function whyUnusable(error: Error): string {
  // The client's parser quotes the file: a token that begins with `*` is an unknown alias to it, and named as one.
  const { name, mark } = error as Error & { readonly mark?: { readonly line: number; readonly column: number } };
  if (name === "YAMLException") {
    return mark === undefined
      ? "not one document of YAML"
      : `not YAML at line ${mark.line + 1}, column ${mark.column + 1}`;
  }
  return firstLine(error.message);
}

/** Why pods cannot be observed, and what that comes from: errors of the client hold whole answers, and what was sent. */
export function whyUnobserved(error: unknown): string {
  if (!(error instanceof Error)) return within(String(error));
  // JavaScript quotes what it cannot read: of a credential plugin's output, that is the token.
  if (error instanceof SyntaxError) return "the cluster, or the kubeconfig's credential plugin, answered no JSON";
  // Of a connection it says no more than that something failed; of several addresses tried, the cause has but a code.
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const reason = cause instanceof Error ? firstLine(cause.message) || cause.code : undefined;
  return within(reason === undefined ? error.message : `${error.message}: ${reason}`);
}

function within(text: string): string {
  // A header that cannot be sent is quoted whole.
  return text.replace(/\b(Bearer|Basic) .*/s, "$1 …").slice(0, CHARACTERS_MAX);
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n");
  return line;
}
