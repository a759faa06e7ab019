/** The outbox, name by name. */
export type { GivenReading, SetAsideReason } from "./domain/reading.ts";
export type { MeterDefinition } from "./domain/meter.ts";
export { OutboxError, type OutboxErrorCode } from "./store/outbox-error.ts";
export type { OutboxStore, Queryable, RecordAnswer, Statement } from "./store/store.ts";
