/**
 * Words and bounds that programs need at run time, apart from the schemas: the command line starts faster without these, since
 * schemas are built when they are loaded.
 */

/** Where the operator API is, below a server's address. */
export const BASE_PATH = "/operator/v1";

/** Items of a page. */
export const PAGE_ITEMS_MAX = 1_000;
export const PAGE_ITEMS_DEFAULT = 100;

export const PLATFORMS = ["ec2", "ecs", "eks"] as const;

export const FAULT_KINDS = ["throttle", "internal-error", "unprocessed", "delay", "drop-answer"] as const;

/** Bounds of a fault's members. */
export const FAULT_COUNT_MAX = 1_000_000;
export const FAULT_DELAY_MS_MAX = 60_000;
export const FAULT_RECORDS_MAX = 25;

export const EVENT_ORDERS = ["newest", "oldest"] as const;
