/** Usage allocations: a record's quantity, divided among sets of tags. The refusals of Rules A1, A2, A5. */
import {
  bucketFault,
  bucketText,
  printable,
  sumFault,
  tagKeyFault,
  type AllocationFault,
  type UsageAllocation,
  type UsageRecord,
} from "@countinghouse/protocol";
import { placeOf, rejection, type RecordPosition, type Rejection } from "../rejection.ts";

type Check = (record: UsageRecord, position: RecordPosition) => Rejection | undefined;

/** One rule at a time: all records of a request are checked by one rule before the next rule begins. */
export const allocationChecks: readonly Check[] = [tagKeyFault, bucketFault, sumFault].map(
  (faultOf): Check =>
    (record, position) => {
      const fault = faultOf(record);
      return fault === undefined ? undefined : refusal(fault, record, position);
    },
);

function refusal(fault: AllocationFault, record: UsageRecord, position: RecordPosition): Rejection {
  const { text: place, figures } = placeOf(position);
  const tags = "allocation" in fault ? (record.usageAllocations?.[fault.allocation - 1]?.tags ?? []) : [];
  switch (fault.rule) {
    case "A5": {
      const { allocation } = fault;
      const key = tags.find((tag, i) => tags.findIndex((before) => before.key === tag.key) < i)?.key ?? "";
      const message = `Two Tags of UsageAllocations ${allocation}${place} have the Key '${printable(key)}'.`;
      return rejection("InvalidTagException", "A5", message, { ...figures, allocation });
    }
    case "A2": {
      const { allocation } = fault;
      const text = tags.map(({ key, value }) => `${key}=${value}`).join(", ");
      const which = tags.length === 0 ? "no Tags" : `the Tags '${printable(text)}'`;
      const message = `UsageAllocations ${allocation}${place} has ${which}, as one before it has.`;
      return rejection("InvalidUsageAllocationsException", "A2", message, { ...figures, allocation });
    }
    case "A1": {
      const { quantity, sum } = fault;
      const whole = position === undefined ? "UsageQuantity" : "Quantity";
      const message = `The AllocatedUsageQuantity${place} adds up to ${sum}, and ${whole} is ${quantity}.`;
      return rejection("InvalidUsageAllocationsException", "A1", message, { ...figures, quantity, sum });
    }
  }
}

/** Whether two lists of allocations are the same, in whatever order allocations and tags are. */
export function sameAllocations(
  a: readonly UsageAllocation[] | undefined,
  b: readonly UsageAllocation[] | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  const quantities = new Map(
    a.map((allocation) => [bucketText(allocation.tags ?? []), allocation.allocatedUsageQuantity]),
  );
  return b.every(
    (allocation) => quantities.get(bucketText(allocation.tags ?? [])) === allocation.allocatedUsageQuantity,
  );
}
