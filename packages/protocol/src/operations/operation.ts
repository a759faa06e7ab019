import type { StructureShape } from "../shapes.ts";

/** An operation of the service: its name on the wire and what goes in and out. */
export interface Operation<Input, Output> {
  readonly name: string;
  readonly input: StructureShape<Input>;
  readonly output: StructureShape<Output>;
}
