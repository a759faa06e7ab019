/**
 * Where STS is asked: the endpoint rules of that service. Source: its rule set `endpoint-rule-set-1`, as the official
 * client has it, without the legacy global endpoint.
 */
import { configurationError } from "../outcome.ts";
import { endpointUrlOf, withScheme } from "./endpoint-url.ts";
import { checkRegion, partitionOf } from "./partitions.ts";

/** Where a client works, as far as the endpoint of STS depends on it. */
export interface StsPlace {
  /** `us-east-1` where it is not known. */
  readonly region: string | undefined;
  readonly useFips: boolean;
  readonly useDualStack: boolean;
}

/** `configured` is an endpoint of one's own, if any. Throws a `ConfigurationError` where there is no endpoint. */
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
  // All of GovCloud is FIPS, under the plain name.
  if (useFips) return `${name === "aws-us-gov" ? "sts" : "sts-fips"}.${region}.${dnsSuffix}`;
  return region === "aws-global" ? "sts.amazonaws.com" : `sts.${region}.${dnsSuffix}`;
}
