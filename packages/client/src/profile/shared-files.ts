/** The shared configuration and credentials files: profiles and `services` sections, read once for a client. */
import { configurationError } from "../outcome.ts";
import type { Surroundings } from "../platform/platform.ts";
import { parseIni, type Section } from "./ini.ts";

export interface SharedFiles {
  /** The profile that is chosen, from both files. Empty where there is none. */
  readonly profile: Section;
  /** What stands in the credentials file only, which wins where credentials and the region are read. */
  readonly credentialsProfile: Section;
  readonly profileName: string;
  /** Whether the profile was chosen by name, and not by default. */
  readonly chosen: boolean;
  /** Whether either file has it. */
  readonly found: boolean;
  /** A `[services NAME]` section of the configuration file. */
  services(name: string): Section | undefined;
}

/** Reads both files. A file that is not there is empty; one that cannot be read is a `ConfigurationError`. */
export async function readSharedFiles(surroundings: Surroundings, profile: string | undefined): Promise<SharedFiles> {
  const chosen = profile ?? nonEmpty(surroundings.variable("AWS_PROFILE"));
  const profileName = chosen ?? "default";
  const [config, credentials] = await Promise.all([
    readSections(surroundings, "AWS_CONFIG_FILE", "config"),
    readSections(surroundings, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
  ]);
  const configured =
    config.get(`profile ${profileName}`) ?? (profileName === "default" ? config.get("default") : undefined);
  const credentialsProfile = credentials.get(profileName) ?? {};
  const found = configured !== undefined || credentials.has(profileName);
  return {
    // The configuration file wins, as in the official SDK.
    profile: { ...credentialsProfile, ...configured },
    credentialsProfile,
    profileName,
    chosen: chosen !== undefined,
    found,
    services: (name) => config.get(`services ${name}`),
  };
}

async function readSections(
  surroundings: Surroundings,
  variable: string,
  name: string,
): Promise<ReadonlyMap<string, Section>> {
  const home = await surroundings.home();
  const given = nonEmpty(surroundings.variable(variable));
  const path = given ?? (home === undefined ? undefined : `${home}/.aws/${name}`);
  if (path === undefined) return new Map();
  const resolved = path.startsWith("~/") && home !== undefined ? `${home}${path.slice(1)}` : path;
  try {
    return parseIni((await surroundings.readText(resolved)) ?? "");
  } catch (error) {
    throw configurationError(`${resolved} cannot be read.`, error);
  }
}

export function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
