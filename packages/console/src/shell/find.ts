/** What the palette finds beyond screens: whatever has this id or name. */
import type { AnswerTo } from "countinghouse/operator";
import { useAnswer } from "../api/calls.ts";

export interface Found {
  /** A path below the console. */
  readonly to: string;
  readonly label: string;
  readonly kind: string;
}

type Item = AnswerTo<"GET /search">["items"][number];

const SEARCH_CHARACTERS_MAX = 200;

export function useFound(text: string): readonly Found[] {
  const q = text.slice(0, SEARCH_CHARACTERS_MAX);
  const found = useAnswer("GET /search", { query: { q } }, { enabled: q !== "", keep: true });
  if (q === "") return [];
  const all = (found.data?.items ?? []).map((item) => ({
    to: pathOf(item),
    label: labelOf(item),
    kind: KINDS[item.kind],
  }));
  // What was found for a text that was typed before is good for as long as it has the new one, too: Enter goes to the first.
  const wanted = q.toLowerCase();
  return found.isPlaceholderData ? all.filter(({ label }) => label.toLowerCase().includes(wanted)) : all;
}

const KINDS: Readonly<Record<Item["kind"], string>> = {
  request: "Request",
  "metering-record": "Metering record",
  product: "Product",
  agreement: "Agreement",
  account: "Account",
  customer: "Customer",
  resource: "Resource",
  "access-key": "Access key",
};

function labelOf({ id, title }: Item): string {
  return title === undefined ? id : `${title} · ${id}`;
}

function pathOf({ kind, id }: Item): string {
  const name = encodeURIComponent(id);
  const paths: Readonly<Record<Item["kind"], string>> = {
    request: `/requests/${name}`,
    "metering-record": `/requests/${name}`,
    product: `/products/${name}`,
    agreement: `/agreements/${name}`,
    account: `/accounts?q=${name}`,
    customer: `/customers?q=${name}`,
    resource: `/resources/${name}`,
    "access-key": `/activity?accessKeyId=${name}`,
  };
  return paths[kind];
}
