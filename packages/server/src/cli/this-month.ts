/** The month that commands are about where none is named: by the service clock, because this machine's may stand elsewhere. */
import { iso } from "@countinghouse/protocol";
import type { OperatorClient } from "../operator/client/operator-client.ts";

/** Such as `2026-03`. */
export async function thisMonth(client: OperatorClient): Promise<string> {
  return (await serviceNow(client)).slice(0, "2026-03".length);
}

/** The times that are missing: up to the hour that is under way, and from the beginning of the month (UTC) in which the end lies. */
export async function withinMonth(
  client: OperatorClient,
  { from, until }: { readonly from?: string | undefined; readonly until?: string | undefined },
): Promise<{ readonly from: string; readonly to: string }> {
  const toMs = until === undefined ? Date.parse(await serviceNow(client)) + 1 : Date.parse(until);
  // The first moment of a month ends the one before.
  const last = new Date(toMs - 1);
  const beginMs = Date.UTC(last.getUTCFullYear(), last.getUTCMonth());
  return { from: from ?? iso(beginMs), to: iso(toMs) };
}

async function serviceNow(client: OperatorClient): Promise<string> {
  return (await client.call("GET /clock")).now;
}
