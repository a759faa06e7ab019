/**
 * Words and bounds that programs need at run time. They are apart from the schemas, which are built when they are loaded: the
 * command line starts faster without those.
 */

/** The path of the operator API, below a server's address. */
export const BASE_PATH = "/operator/v1";

/** How many items a page has. */
export const PAGE_ITEMS_MAX = 1_000;
export const PAGE_ITEMS_DEFAULT = 100;

export const PLATFORMS = ["ec2", "ecs", "eks"] as const;

export const FAULT_KINDS = ["throttle", "internal-error", "unprocessed", "delay", "drop-answer"] as const;

/** Bounds of a fault's members. */
export const FAULT_COUNT_MAX = 1_000_000;
export const FAULT_DELAY_MS_MAX = 60_000;
export const FAULT_RECORDS_MAX = 25;

/** What `GET /usage` can be told apart by. */
export const USAGE_TIME_GRAINS = ["hour", "day", "month"] as const;
export const USAGE_GROUPS = ["product", "customer", "dimension", "region", ...USAGE_TIME_GRAINS] as const;
export const USAGE_MARK_GRAINS = ["hour", "day"] as const;
export const USAGE_CELLS_MAX = 50_000;

/** Reports of a month, by their names. */
export const REPORT_NAMES = [
  "usage-by-instance-type",
  "revenue-by-day",
  "refusals-by-rule",
  "lateness",
  "duplicates",
  "silent-customers",
  "agreement-statement",
] as const;

/** How much evidence is told of each mistake in advice. */
export const EVIDENCE_MAX = 1_000;
export const EVIDENCE_DEFAULT = 10;

export const EVENT_ORDERS = ["newest", "oldest"] as const;

/** The outcome of a call or a change. `partly`: some usage records were accepted, and some were not. */
export const OUTCOMES = ["ok", "partly", "refused"] as const;

/** Where to look for requests: among the kept ones, or among those that a lab holds in memory, kept or not. */
export const REQUEST_SOURCES = ["ledger", "memory"] as const;

/** How many characters a searched text may have. */
export const SEARCH_CHARACTERS_MAX = 200;

/** How many readers the activity may have; more are refused. */
export const ACTIVITY_READERS_MAX = 100;

/** How long the file of a snapshot may be; in a request or an answer it is a third longer. */
export const SNAPSHOT_FILE_BYTES_MAX = 16 * 1_048_576;

/** How many hours of a resource's use one answer may hold: 35 days. */
export const USE_HOURS_MAX = 840;
