/** A client's settings: from its configuration, otherwise the environment, the profile, or the default. */
import { SERVICE_ID } from "@countinghouse/protocol";
import { isNumberOfAttempts } from "./call/limits.ts";
import type { ClientConfiguration } from "./configuration.ts";
import { instanceRegion, isInstanceSourceDisabled } from "./credentials/instance.ts";
import type { SourceParts } from "./credentials/chain-parts.ts";
import { configurationError } from "./outcome.ts";
import { configuredEndpoint } from "./profile/configured-endpoint.ts";
import { flagReader } from "./profile/flags.ts";
import { nonEmpty, type SharedFiles } from "./profile/shared-files.ts";
import type { Surroundings } from "./platform/platform.ts";

export interface Settings {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly useFips: boolean;
  readonly useDualStack: boolean;
  readonly maxAttempts: number;
  readonly correctClockSkew: boolean;
  readonly applicationId: string | undefined;
}

const MAX_ATTEMPTS = 3;

export async function resolveSettings(configuration: ClientConfiguration, parts: SourceParts): Promise<Settings> {
  const { files, surroundings } = parts;
  const named = configuration.region ?? regionOf(surroundings, files) ?? (await regionOfInstance(parts));
  // `fips-us-east-1` and `us-east-1-fips` are old ways to ask for FIPS.
  const isFipsName = named !== undefined && (named.startsWith("fips-") || named.endsWith("-fips"));
  const flag = flagReader(surroundings, files);
  return {
    region: isFipsName ? named.replace(/^fips-|-fips$/, "").replace(/^aws-global$|^aws$/, "us-east-1") : named,
    endpoint: configuration.endpoint ?? configuredEndpoint(SERVICE_ID, parts),
    useFips:
      isFipsName || (configuration.useFipsEndpoint ?? flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint") ?? false),
    useDualStack:
      configuration.useDualstackEndpoint ?? flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint") ?? false,
    maxAttempts: attemptsOf(configuration, surroundings, files),
    correctClockSkew:
      configuration.correctClockSkew ??
      !(flag("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "disable_clock_skew_correction") ?? false),
    applicationId: nonEmpty(surroundings.variable("AWS_SDK_UA_APP_ID")) ?? files.profile["sdk_ua_app_id"],
  };
}

/** The region of the environment and the files. */
function regionOf(surroundings: Surroundings, files: SharedFiles): string | undefined {
  return (
    nonEmpty(surroundings.variable("AWS_REGION")) ??
    nonEmpty(surroundings.variable("AWS_DEFAULT_REGION")) ??
    files.credentialsProfile["region"]
  );
}

/** Asked only where no setting names the region. */
function regionOfInstance(parts: SourceParts): Promise<string | undefined> | undefined {
  return isInstanceSourceDisabled(parts) ? undefined : instanceRegion(parts);
}

function attemptsOf(configuration: ClientConfiguration, surroundings: Surroundings, files: SharedFiles): number {
  const text = nonEmpty(surroundings.variable("AWS_MAX_ATTEMPTS")) ?? files.profile["max_attempts"];
  const told = configuration.maxAttempts ?? text ?? MAX_ATTEMPTS;
  if (isNumberOfAttempts(Number(told))) return Number(told);
  throw configurationError(`The number of attempts must be a whole number from 1 on; it is ${told}.`);
}
