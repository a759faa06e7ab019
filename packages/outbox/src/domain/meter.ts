/** A meter: the seller's name for what is measured, and which dimension of which product it is sold as. It never changes. */
import { FRACTION_DIGITS_MAX, readQuantity } from "./quantity.ts";

/** A meter as a program says it. */
export interface MeterDefinition {
  readonly productCode: string;
  /** The dimension as it was published with the product. */
  readonly dimension: string;
  /** How much of what is recorded makes one unit of the dimension: a decimal above 0, by default 1. */
  readonly per?: string;
  /** How an hour's readings become one figure; `sum` is the only way so far. */
  readonly aggregate?: "sum";
}

export interface Meter {
  readonly name: string;
  readonly productCode: string;
  readonly dimension: string;
  readonly per: string;
  readonly aggregate: "sum";
}

const NAME_LENGTH_MAX = 255;

/** The meter of a definition; throws a `TypeError` for what is none. */
export function meterOf(name: string, definition: MeterDefinition): Meter {
  const { productCode, dimension, per = "1", aggregate = "sum" } = definition;
  const fail = (what: string): never => {
    throw new TypeError(`The meter ${JSON.stringify(name)} ${what}.`);
  };
  if (name === "" || name.length > NAME_LENGTH_MAX) fail(`needs a name of 1 to ${NAME_LENGTH_MAX} characters`);
  if (!/^[-a-zA-Z0-9/=:_.@]{1,255}$/.test(productCode)) fail(`has no product code: ${JSON.stringify(productCode)}`);
  if (typeof dimension !== "string" || dimension === "" || dimension.length > 255) fail("needs a dimension");
  if (aggregate !== "sum") fail(`has the aggregate ${JSON.stringify(aggregate)}; there is "sum" only`);
  const amount = readQuantity(per);
  if (typeof amount === "string" || amount <= 0n) {
    fail(
      `has per ${JSON.stringify(per)}; expected a decimal above 0 with up to ${FRACTION_DIGITS_MAX} digits behind the point`,
    );
  }
  return { name, productCode, dimension, per, aggregate };
}

/** What two processes, or two versions of one, say differently of a meter; undefined where they agree. */
export function meterDifference(known: Meter, said: Meter): string | undefined {
  const members = ["productCode", "dimension", "per", "aggregate"] as const;
  const changed = members.filter((member) => known[member] !== said[member]);
  if (changed.length === 0) return undefined;
  return changed.map((member) => `${member} is ${known[member]} here and ${said[member]} there`).join(", ");
}
