/**
 * The schema in numbered steps, never edited once released, only added to. A step expands (what programs of the version before
 * go on to use stays) or contracts (what they used goes, one release later): so programs of two versions run side by side.
 */
import { ANY_TYPE } from "./any-type.ts";
import { JUDGING } from "./judging.ts";
import { RECORDING } from "./recording.ts";
import { TABLES } from "./tables.ts";

interface Step {
  /** The oldest program that goes on to work once it is taken, by the version that it knows. */
  readonly oldestProgram: number;
  /** `@` stands for the schema. */
  readonly sql: string;
}

export const STEPS: readonly Step[] = [
  { oldestProgram: 1, sql: TABLES + JUDGING + RECORDING },
  { oldestProgram: 1, sql: ANY_TYPE },
];

export const SCHEMA_VERSION: number = STEPS.length;

/** SQL for a schema of this name: `@.` before what lies in it, `@` for itself. */
export function inSchema(sql: string, schema: string): string {
  return sql.replaceAll("@.", `${quotedName(schema)}.`).replace(/SCHEMA @(?=\s|;)/g, `SCHEMA ${quotedName(schema)}`);
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
