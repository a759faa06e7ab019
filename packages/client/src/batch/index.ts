/** `@countinghouse/client/batch`: what `meterAll` is made of, for those who decide themselves when a batch is sent. */
export { batchInputOf, lineOf, type Line, type LineReading, type MeterableRecord } from "./line.ts";
export { halves, packed } from "./pack.ts";
export { readOutcome, type OutcomeContext, type OutcomeReading } from "./read-outcome.ts";
export type { Verdict } from "./result.ts";
