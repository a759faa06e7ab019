/** A mistake as text for people: what it leads to, the right way, and the requests that show it. */
import type { Advice } from "../operator/contract/ledger/advice.ts";

export function adviceText({
  id,
  title,
  accountId,
  productCode,
  harm,
  rightWay,
  source,
  count,
  evidence,
}: Advice): string {
  const more = count > evidence.length ? [`    … and ${count - evidence.length} more`] : [];
  return [
    `${title} (${id}): account ${accountId}, product ${productCode}`,
    `  ${harm}`,
    `  Right: ${rightWay}`,
    `  Source: ${source}.`,
    "  Seen:",
    ...evidence.map(({ requestId, at, shows }) => `    ${at} ${requestId}: ${shows}`),
    ...more,
  ].join("\n");
}
