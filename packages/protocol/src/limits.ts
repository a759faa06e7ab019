/** Limits of the service, with their units. Source: the service model and its documentation (see `docs/RULES.md`). */

/** A request body must be smaller than this. Rule L1. */
export const REQUEST_BYTES_LIMIT = 1_048_576;
/** The most usage records in one BatchMeterUsage request. Rule L2. */
export const BATCH_RECORDS_MAX = 25;
/** The largest quantity of a record or an allocation. Rule L3. */
export const QUANTITY_MAX = 2_147_483_647;
/** The most usage allocations of one usage record. Rule A3. */
export const ALLOCATIONS_MAX = 2_500;
/** The most tags of one usage allocation. Rule A4. */
export const TAGS_MAX = 5;
/** The most entitlements in one answer of GetEntitlements, and the number where the request does not say one. Rule E5. */
export const ENTITLEMENTS_PAGE_MAX = 25;
/** The most events in one answer of LookupEvents, and the number where the request does not say one. Rule V4. */
export const EVENTS_PAGE_MAX = 50;
/** The service models' integers have 32 bits. */
export const INTEGER_MIN = -2_147_483_648;
export const INTEGER_MAX = 2_147_483_647;
/** How many violations one ValidationException names. */
export const VIOLATIONS_MAX = 10;
/** The length of the hour within which a metering record's key is unique. */
export const HOUR_MS = 3_600_000;
/** For how long after an agreement's end final records are accepted. Rule G3. */
export const FINAL_METERING_SECONDS = 3_600;
/** Regions in which BatchMeterUsage is not served. Rule R1. */
export const BATCH_METER_USAGE_CLOSED: RegExp = /^(us-gov-|us-iso|eu-iso|cn-(?!northwest-1$))/;
