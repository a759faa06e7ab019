/** `@countinghouse/client/batch`: the parts of `meterAll`, for programs that decide themselves when a batch is sent. */
export { batchInputOf, lineOf, type Line, type LineReading, type MeterableRecord } from "./line.ts";
export { halves, packed } from "./pack.ts";
export { readOutcome, type OutcomeContext, type OutcomeReading } from "./read-outcome.ts";
export type { Verdict } from "./result.ts";
