/**
 * The endpoint of STS, by that service's rules. Source: its rule set `endpoint-rule-set-1`, as in the official client, without
 * the legacy global endpoint.
 */
import { configurationError } from "../outcome.ts";
import { endpointUrlOf, withScheme } from "./endpoint-url.ts";
import { checkRegion, partitionOf } from "./partitions.ts";

/** The settings of a client on which the endpoint of STS depends. */
export interface StsPlace {
  /** Undefined where it is not known; `us-east-1` is then used. */
  readonly region: string | undefined;
  readonly useFips: boolean;
  readonly useDualStack: boolean;
}

/** `configured` is a custom endpoint, if there is one. Throws a `ConfigurationError` where there is no endpoint. */
export function stsEndpointOf(place: StsPlace, configured: string | undefined): URL {
  const { region = "us-east-1", useFips, useDualStack } = place;
  if (configured !== undefined) {
    if (useFips) throw configurationError("Invalid Configuration: FIPS and custom endpoint are not supported");
    if (useDualStack)
      throw configurationError("Invalid Configuration: Dualstack and custom endpoint are not supported");
    return endpointUrlOf(withScheme(configured));
  }
  checkRegion(region);
  return new URL(`https://${hostOf(region, useFips, useDualStack)}`);
}

function hostOf(region: string, useFips: boolean, useDualStack: boolean): string {
  const { name, dnsSuffix, dualStackDnsSuffix } = partitionOf(region);
  if (useDualStack) return `${useFips ? "sts-fips" : "sts"}.${region}.${dualStackDnsSuffix}`;
  // In GovCloud all endpoints are FIPS, and have the plain name.
  if (useFips) return `${name === "aws-us-gov" ? "sts" : "sts-fips"}.${region}.${dnsSuffix}`;
  return region === "aws-global" ? "sts.amazonaws.com" : `sts.${region}.${dnsSuffix}`;
}
