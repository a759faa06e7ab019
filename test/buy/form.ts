/** The buy page's form as a browser fills it in and sends it, without the browser. */
import { send, type RawAnswer } from "../support/raw-client.ts";
import type { Served } from "../support/server.ts";

interface OpenedForm {
  /** The hidden field. */
  readonly form: string;
  readonly newAccount: string;
}

export async function openForm(server: Served, productCode: string): Promise<OpenedForm> {
  const text = await (await fetch(`${server.endpoint}/buy/${encodeURIComponent(productCode)}`)).text();
  const [, form = ""] = /name="form"\s+value="([^"]+)"/.exec(text) ?? [];
  const [, newAccount = ""] = /<option value="(\d+)">/.exec(text) ?? [];
  return { form, newAccount };
}

/** Headers that are undefined are left out. */
export function postForm(
  server: Served,
  productCode: string,
  fields: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<RawAnswer> {
  const { host, origin } = new URL(server.endpoint);
  return send(server.endpoint, {
    method: "POST",
    path: `/buy/${encodeURIComponent(productCode)}`,
    headers: { host, origin, "content-type": "application/x-www-form-urlencoded", ...headers },
    body: Buffer.from(typeof fields === "string" ? fields : new URLSearchParams(fields).toString()),
  });
}

/** The registration token of the page that hands it over, or undefined where there is none. */
export function tokenOf({ text }: RawAnswer): string | undefined {
  return /name="x-amzn-marketplace-token"\s+value="([^"]+)"/.exec(text)?.[1];
}
