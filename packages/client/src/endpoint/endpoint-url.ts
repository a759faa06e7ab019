/** Reads endpoints as people write them. */
import { configurationError } from "../outcome.ts";

export function withScheme(endpoint: string): string {
  return /^https?:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
}

/** Throws a `ConfigurationError` for a text that is no URL. */
export function endpointUrlOf(endpoint: string): URL {
  if (!URL.canParse(endpoint)) throw configurationError(`The endpoint ${JSON.stringify(endpoint)} is not a URL.`);
  return new URL(endpoint);
}

/** Whether a URL leads to this machine or its own link (instance metadata, task and pod credentials), where no proxy is used. */
export function isNearby({ hostname }: URL): boolean {
  return (
    /^(.+\.)?localhost$/.test(hostname) ||
    /^(127|169\.254)\.[\d.]+$/.test(hostname) ||
    /\[(::1\]|::ffff:(7f[0-9a-f]{2}|a9fe):|fe[89ab][0-9a-f]:|fd00:ec2:)/.test(hostname)
  );
}
