/**
 * The paths of an instance metadata service: folders that list what they hold, items, and the versions in which all can be
 * asked for. Extra slashes make no difference, because clients send them.
 */

/** Made when it is asked for, because credentials are new each time. */
export type MetadataItem = () => string;

export type MetadataFolder = ReadonlyMap<string, MetadataFolder | MetadataItem>;

/** In the service's order; a client may ask for any of them. Source: EC2 user guide, instance metadata. */
const METADATA_VERSIONS: readonly string[] = [
  "1.0",
  "2007-01-19",
  "2007-03-01",
  "2007-08-29",
  "2007-10-10",
  "2007-12-15",
  "2008-02-01",
  "2008-09-01",
  "2009-04-04",
  "2011-01-01",
  "2011-05-01",
  "2012-01-12",
  "2014-02-25",
  "2014-11-05",
  "2015-10-20",
  "2016-04-19",
  "2016-06-30",
  "2016-09-02",
  "2018-03-28",
  "2018-08-17",
  "2018-09-24",
  "2019-10-01",
  "2020-10-27",
  "2021-01-03",
  "2021-03-23",
  "2021-07-15",
  "2022-07-09",
  "2022-09-24",
  "2024-04-11",
  "latest",
];

/** The text at a path; undefined where there is none. */
export function metadataAt(path: string, root: MetadataFolder): string | undefined {
  const [version, ...names] = path.split("/").filter((name) => name !== "");
  if (version === undefined) return METADATA_VERSIONS.join("\n");
  if (!METADATA_VERSIONS.includes(version)) return undefined;
  // The list of versions has no slashes.
  if (names.length === 0) return [...root.keys()].join("\n");
  const found = names.reduce<MetadataFolder | MetadataItem | undefined>(
    (at, name) => (at === undefined || typeof at === "function" ? undefined : at.get(name)),
    root,
  );
  return found === undefined || typeof found === "function" ? found?.() : listingOf(found);
}

function listingOf(folder: MetadataFolder): string {
  return [...folder].map(([name, at]) => (typeof at === "function" ? name : `${name}/`)).join("\n");
}
