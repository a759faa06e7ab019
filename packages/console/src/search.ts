/** Every view is an address: what is filtered and chosen stands in its query, as plain texts that a person can read and change. */
const CHARACTERS_MAX = 500;

/** The members of a query that a screen knows; whatever else stands there is dropped, and so is what is no text. */
export function texts<Name extends string>(
  ...names: readonly Name[]
): (search: Record<string, unknown>) => { [N in Name]?: string | undefined } {
  return (search) => {
    const known: { [N in Name]?: string | undefined } = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "string" && value !== "") known[name] = value.slice(0, CHARACTERS_MAX);
    }
    return known;
  };
}

export function parseSearch(search: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => typeof value === "string" && value !== "");
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text === "" ? "" : `?${text}`;
}
