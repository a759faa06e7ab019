/**
 * Requests whose target is a whole URI: clients that take the server for a proxy send them. They are read as if only the path
 * stood there, and the URI's host replaces the Host header (RFC 9112, 3.2.2).
 */
import type { IncomingMessage } from "node:http";

const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)(\/[^?]*)?(\?.*)?$/is;

export function useOriginForm(request: IncomingMessage): void {
  const target = ABSOLUTE_FORM.exec(request.url ?? "");
  if (target === null) return;
  const [, host = "", path = "/", query = ""] = target;
  request.url = path + query;
  request.headers.host = host;
  // Signatures, and Hono, read the raw headers, so the host is replaced there.
  const { rawHeaders } = request;
  const isHost = (i: number): boolean => rawHeaders[i - (i % 2)]?.toLowerCase() === "host";
  rawHeaders.splice(0, rawHeaders.length, "Host", host, ...rawHeaders.filter((_, i) => !isHost(i)));
}
