/** The endpoint that the environment or the profile sets for a service, for metering and STS alike. */
import { configurationError } from "../outcome.ts";
import type { Surroundings } from "../platform/platform.ts";
import { flagReader } from "./flags.ts";
import { nonEmpty, type SharedFiles } from "./shared-files.ts";

export interface EndpointSources {
  readonly surroundings: Surroundings;
  readonly files: SharedFiles;
  /** As the client is configured; undefined leaves it to the environment and the profile. */
  readonly ignoreConfiguredEndpointUrls: boolean | undefined;
}

/** The endpoint as it is written; undefined where none is set, or it is to be ignored. */
export function configuredEndpoint(serviceId: string, sources: EndpointSources): string | undefined {
  const { surroundings, files } = sources;
  const ignored =
    sources.ignoreConfiguredEndpointUrls ??
    flagReader(surroundings, files)("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
  if (ignored === true) return undefined;
  const name = serviceId.replaceAll(" ", "_");
  const services = files.profile["services"];
  const section = services === undefined ? undefined : files.services(services);
  const ofEnvironment =
    nonEmpty(surroundings.variable(`AWS_ENDPOINT_URL_${name.toUpperCase()}`)) ??
    nonEmpty(surroundings.variable("AWS_ENDPOINT_URL"));
  if (ofEnvironment !== undefined) return ofEnvironment;
  if (services !== undefined && section === undefined) {
    throw configurationError(
      `The profile "${files.profileName}" names services "${services}", which no section defines.`,
    );
  }
  return section?.[`${name.toLowerCase()}.endpoint_url`] ?? files.profile["endpoint_url"];
}
