/** What can be wrong with a request: how histories spoil a request, once for each rule that refuses. */
import type { UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { ACCOUNTS, licence } from "./shop.ts";

/** A usage record in the making. */
export type Draft = { -readonly [Member in keyof UsageRecord]: UsageRecord[Member] | undefined };

/** A request in the making. */
export interface RequestDraft {
  readonly region: string;
  readonly productCode?: string | undefined;
  readonly usageRecords: readonly Draft[];
}

const [ANN, , CID, EVE] = ACCOUNTS;
const part = { allocatedUsageQuantity: 1 };
const tag = { key: "team", value: "a" };
const split = (...usageAllocations: UsageAllocation[]): Partial<Draft> => ({ quantity: 2, usageAllocations });

const OF_ALLOCATIONS = {
  "tag key twice": split({ ...part, tags: [tag, { ...tag, value: "b" }] }, part),
  "bucket twice": split({ ...part, tags: [tag] }, { ...part, tags: [tag] }),
  "wrong sum": split(part),
} as const;

const OF_RECORDS = {
  ...OF_ALLOCATIONS,
  "both identities": { customerAccountId: ANN, customerIdentifier: "ann" },
  "no identity": { customerAccountId: undefined, customerIdentifier: undefined },
  "stray licence": { licenseArn: licence(1) },
  "stray identifier": { licenseArn: licence(1), customerIdentifier: "ann", customerAccountId: undefined },
  "unknown customer": { customerIdentifier: "zoe", customerAccountId: undefined },
  "unknown account": { customerIdentifier: undefined, customerAccountId: "121212121212" },
  "other customer's licence": { customerAccountId: EVE, licenseArn: licence(1) },
  "unknown licence": { licenseArn: licence(99_999) },
  "foreign licence": { licenseArn: licence(7), customerAccountId: ANN },
  "image licence": { licenseArn: licence(6), customerAccountId: CID },
  "other product's licence": { licenseArn: licence(5), customerAccountId: EVE },
  "unknown dimension": { dimension: "nothing" },
  "entitled dimension": { dimension: "seats" },
} as const satisfies Record<string, Partial<Draft>>;

const OF_REQUESTS = {
  "no product code": { productCode: undefined },
  "unknown product code": { productCode: "nothing" },
  "foreign product code": { productCode: "foreign" },
  "image product code": { productCode: "image" },
  "closed region": { region: "us-gov-west-1" },
  "26 records": { usageRecords: Array.from({ length: 26 }, (): Draft => ({ timestampMs: 0, dimension: "gb" })) },
} as const satisfies Record<string, Partial<RequestDraft>>;

type RecordFlaw = keyof typeof OF_RECORDS;
type RequestFlaw = keyof typeof OF_REQUESTS;

export interface Flaw {
  readonly flaw: RecordFlaw | RequestFlaw;
  /** Which record has the flaw, for flaws of records. */
  readonly record: number;
}

export const ALLOCATION_FLAWS = Object.keys(OF_ALLOCATIONS) as Flaw["flaw"][];
export const FLAWS = [...Object.keys(OF_RECORDS), ...Object.keys(OF_REQUESTS)] as Flaw["flaw"][];

export function flawed(request: RequestDraft, { flaw, record }: Flaw): RequestDraft {
  if (flaw in OF_REQUESTS) return { ...request, ...OF_REQUESTS[flaw as RequestFlaw] };
  const at = record % Math.max(1, request.usageRecords.length);
  const changed = request.usageRecords.map((draft, i) =>
    i === at ? { ...draft, ...OF_RECORDS[flaw as RecordFlaw] } : draft,
  );
  return { ...request, usageRecords: changed };
}
