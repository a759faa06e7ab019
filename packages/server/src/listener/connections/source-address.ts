/**
 * Where a request comes from: the address of its peer; or, where the peer is a proxy that the operator trusts, the address in
 * X-Forwarded-For. X-Forwarded-Proto likewise says whether the request came over TLS. Only trusted proxies are believed.
 */
import type { IncomingHttpHeaders } from "node:http";
import { SocketAddress, isIP, type BlockList } from "node:net";

/** How many proxies in a row are followed: a header may name thousands of trusted addresses. */
const PROXIES_MAX = 16;

interface ForwardedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

export class SourceAddresses {
  readonly #trusted: BlockList | undefined;

  constructor(trusted: BlockList | undefined) {
    this.#trusted = trusted;
  }

  /** Whether an address is that of a trusted proxy. */
  isTrusted(address: string): boolean {
    if (this.#trusted === undefined || isIP(address) === 0) return false;
    return this.#trusted.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  }

  /** Whether the request came over TLS all the way, as far as is known: a trusted proxy says how its own client came. */
  isSecure({ headers, socket }: ForwardedRequest, overOwnTls: boolean): boolean {
    const header = headers["x-forwarded-proto"];
    if (header === undefined || !this.isTrusted(plainAddress(socket.remoteAddress ?? ""))) return overOwnTls;
    const schemes = (typeof header === "string" ? header : header.join(",")).split(",", PROXIES_MAX + 1);
    return schemes.length <= PROXIES_MAX && schemes.every((scheme) => scheme.trim().toLowerCase() === "https");
  }

  /** The nearest address that is not a trusted proxy's. Anybody can have written what stands before it in the header. */
  of({ headers, socket }: ForwardedRequest): string {
    let address = plainAddress(socket.remoteAddress ?? "");
    const header = this.#trusted === undefined ? undefined : headers["x-forwarded-for"];
    if (header === undefined || !this.isTrusted(address)) return address;
    // Node joins header lines with commas, in their order.
    const forwarded = typeof header === "string" ? header : header.join(",");
    let end = forwarded.length;
    for (let proxies = 0; proxies < PROXIES_MAX && end >= 0; proxies += 1) {
      const comma = end === 0 ? -1 : forwarded.lastIndexOf(",", end - 1);
      const named = forwardedAddress(forwarded.slice(comma + 1, end));
      // The proxy named no address, so its own address is all that is known.
      if (named === undefined) return address;
      address = named;
      if (!this.isTrusted(address)) return address;
      end = comma;
    }
    return address;
  }
}

/** An IPv4 address that came through an IPv6 socket is written as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

/** The length of the longest text of an address, with brackets and a port. */
const ADDRESS_CHARACTERS_MAX = 64;

/** Reads `1.2.3.4` or `2001:db8::1`, in brackets or with a port where the proxy writes so; undefined for anything else. */
function forwardedAddress(text: string): string | undefined {
  if (text.length > 2 * ADDRESS_CHARACTERS_MAX) return undefined;
  const trimmed = text.trim();
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed) ?? [];
  const [, withoutPort] = /^([\d.]+):\d{1,5}$/.exec(trimmed) ?? [];
  const address = bracketed ?? withoutPort ?? trimmed;
  const family = isIP(address);
  if (family === 4) return address;
  if (family === 0 || address.includes("%")) return undefined;
  // Node writes each address in one form: lower case, leading zeros left out, IPv4 as IPv4.
  return plainAddress(new SocketAddress({ address, family: "ipv6" }).address);
}
