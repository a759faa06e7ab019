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

export const EVENT_ORDERS = ["newest", "oldest"] as const;
