/** Endpoints as people write them, and the URLs that they are. */
import { configurationError } from "../outcome.ts";

export function withScheme(endpoint: string): string {
  return /^https?:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
}

/** Throws a `ConfigurationError` for what is no URL. */
export function endpointUrlOf(endpoint: string): URL {
  if (!URL.canParse(endpoint)) throw configurationError(`The endpoint ${JSON.stringify(endpoint)} is not a URL.`);
  return new URL(endpoint);
}
