/** The shared configuration and credentials files: profiles and `services` sections, read once for a client. */
import type { Logger } from "../call/reports.ts";
import type { Surroundings } from "../platform/platform.ts";
import { parseIni, type Section } from "./ini.ts";

export interface SharedFiles {
  /** The chosen profile from both files, for settings: the configuration file comes first. Empty where there is none. */
  readonly profile: Section;
  /** The same for keys, roles and the region: the credentials file comes first, as in the official SDK. */
  readonly credentialsProfile: Section;
  readonly profileName: string;
  /** Whether the profile was chosen by name, rather than by default. */
  readonly chosen: boolean;
  /** Whether either file has the profile. */
  readonly found: boolean;
  /** Files that exist and cannot be read, and why; for messages about what they may hold. */
  readonly unreadable: readonly string[];
  /** A `[services NAME]` section of the configuration file. */
  services(name: string): Section | undefined;
}

/**
 * Reads both files; never rejects. A missing file counts as empty, and so does one that cannot be read, with a warning: a
 * service's HOME may be another user's, and perhaps nothing in it is needed.
 */
export async function readSharedFiles(
  surroundings: Surroundings,
  profile: string | undefined,
  logger: Logger,
): Promise<SharedFiles> {
  const chosen = profile ?? nonEmpty(surroundings.variable("AWS_PROFILE"));
  const profileName = chosen ?? "default";
  const files = await Promise.all([
    readSections(surroundings, "AWS_CONFIG_FILE", "config"),
    readSections(surroundings, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
  ]);
  const [{ sections: config }, { sections: credentials }] = files;
  const unreadable = files.flatMap(({ trouble }) => trouble ?? []);
  for (const trouble of unreadable) logger.warn?.(`${trouble} It counts as empty.`);
  const configured =
    config.get(`profile ${profileName}`) ?? (profileName === "default" ? config.get("default") : undefined);
  const inCredentials = credentials.get(profileName);
  return {
    profile: { ...inCredentials, ...configured },
    credentialsProfile: { ...configured, ...inCredentials },
    profileName,
    chosen: chosen !== undefined,
    found: configured !== undefined || inCredentials !== undefined,
    unreadable,
    services: (name) => config.get(`services ${name}`),
  };
}

interface ReadSections {
  readonly sections: ReadonlyMap<string, Section>;
  /** Why the sections are empty although there is a file. */
  readonly trouble?: string;
}

async function readSections(surroundings: Surroundings, variable: string, name: string): Promise<ReadSections> {
  const home = await surroundings.home();
  const given = nonEmpty(surroundings.variable(variable));
  const path = given ?? (home === undefined ? undefined : `${home}/.aws/${name}`);
  if (path === undefined) return { sections: new Map() };
  const resolved = path.startsWith("~/") && home !== undefined ? `${home}${path.slice(1)}` : path;
  try {
    return { sections: parseIni((await surroundings.readText(resolved)) ?? "") };
  } catch (error) {
    const why = (error as { readonly code?: string } | undefined)?.code ?? String(error);
    return { sections: new Map(), trouble: `${resolved} cannot be read (${why}).` };
  }
}

/** To be added to messages about something missing that an unreadable file may hold. */
export function unreadableNote({ unreadable }: Pick<SharedFiles, "unreadable">): string {
  return unreadable.map((trouble) => ` ${trouble}`).join("");
}

export function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
