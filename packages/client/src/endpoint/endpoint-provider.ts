/**
 * Where requests go: the service's endpoint rules. Source: its rule set `endpoint-rule-set-1` (some of its hosts are spelled
 * with a hyphen, `metering-marketplace`).
 */
import { configurationError } from "../outcome.ts";
import { checkRegion, partitionOf, type Partition } from "./partitions.ts";

export interface EndpointParameters {
  readonly region?: string | undefined;
  /** A custom endpoint, such as `http://127.0.0.1:7420`, which is used unchanged. */
  readonly endpoint?: string | undefined;
  readonly useFips?: boolean | undefined;
  readonly useDualStack?: boolean | undefined;
}

export interface Endpoint {
  readonly url: string;
}

/** Decides where requests go. A client has one, which can be replaced. */
export interface EndpointProvider {
  /** Throws a `MeteringError`, `ConfigurationError`, where there is no endpoint. */
  resolveEndpoint(parameters: EndpointParameters): Endpoint;
}

/** The service's own rules. */
export const defaultEndpointProvider: EndpointProvider = { resolveEndpoint };

/** Partitions whose dual-stack hosts are spelled `metering-marketplace`. */
const HYPHENATED_DUAL_STACK: readonly string[] = ["aws", "aws-cn", "aws-us-gov"];

function resolveEndpoint(parameters: EndpointParameters): Endpoint {
  const { region, endpoint, useFips = false, useDualStack = false } = parameters;
  if (endpoint !== undefined) {
    if (useFips) throw invalid("FIPS and custom endpoint are not supported");
    if (useDualStack) throw invalid("Dualstack and custom endpoint are not supported");
    return { url: endpoint };
  }
  if (region === undefined || region === "") throw invalid("Missing Region");
  checkRegion(region);
  return { url: `https://${hostOf(region, partitionOf(region), useFips, useDualStack)}` };
}

function hostOf(region: string, partition: Partition, useFips: boolean, useDualStack: boolean): string {
  const { name, dnsSuffix, dualStackDnsSuffix, supportsFips, supportsDualStack } = partition;
  if (useFips && useDualStack) {
    if (!supportsFips || !supportsDualStack) {
      throw configurationError("FIPS and DualStack are enabled, but this partition does not support one or both");
    }
    return `metering.marketplace-fips.${region}.${dualStackDnsSuffix}`;
  }
  if (useFips) {
    if (!supportsFips) throw configurationError("FIPS is enabled but this partition does not support FIPS");
    return `metering.marketplace-fips.${region}.${dnsSuffix}`;
  }
  if (!useDualStack) {
    const dash = name === "aws-eusc" ? "-" : ".";
    return `metering${dash}marketplace.${region}.${dnsSuffix}`;
  }
  if (HYPHENATED_DUAL_STACK.includes(name)) return `metering-marketplace.${region}.${dualStackDnsSuffix}`;
  if (!supportsDualStack) {
    throw configurationError("DualStack is enabled but this partition does not support DualStack");
  }
  return `metering.marketplace.${region}.${dualStackDnsSuffix}`;
}

function invalid(why: string): Error {
  return configurationError(`Invalid Configuration: ${why}`);
}
