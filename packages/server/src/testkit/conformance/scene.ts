/** The market that every case begins with. Its names and times never change, so that cases can be data. */

/** Where the market's clock stands. */
export const NOW = "2026-03-15T10:30:00Z";
/** An hour for which usage is taken. */
export const USED_AT = "2026-03-15T09:00:00Z";
/** When an entitlement ends. */
export const ENTITLED_UNTIL = "2027-01-31T12:00:00Z";

export const SAAS = "conformance-saas";
export const CONTRACT = "conformance-contract";
export const CONTAINER = "conformance-container";
export const HOURLY = "conformance-hourly";
/** Of containers, too; the buyer has no agreement for it. */
export const UNSOLD = "conformance-unsold";

export const CUSTOMER = "conformance-customer";
/** A customer whose identifier is not ASCII. */
export const ABROAD = "kundin-größe-日本-🧾";
/** A customer whose agreement has not begun. */
export const EARLY = "conformance-early";
export const AGREEMENT = "conformance-agreement";
export const BUYER = "444455556666";
export const LICENCE = `arn:aws:license-manager::294406891311:license:l-${"c".repeat(32)}`;
export const ROLE = "conformance-role";
export const TASK = `arn:aws:ecs:us-east-1:${BUYER}:task/cluster/${"0".repeat(31)}1`;
export const SELLER_KEY = { accessKeyId: "AKIACONFORMANCE00000", secretAccessKey: "secret-of-the-conformance-seller" };
export const DIMENSION_ABROAD = "größe-日本";

/** What customers of the contract product are entitled to: each kind of value, in the order in which they are answered. */
export const ENTITLED = [
  { Dimension: "edition", Value: { StringValue: "enterprise" } },
  { Dimension: "single_sign_on", Value: { BooleanValue: true } },
  { Dimension: "storage_tb", Value: { DoubleValue: 2.5 } },
  { Dimension: "users", Value: { IntegerValue: 10 } },
] as const;

const SELLER = "111122223333";
const ABROAD_ACCOUNT = "777788889999";
const EARLY_ACCOUNT = "888899990000";
const STARTS_AT = "2025-01-01T00:00:00Z";

const metered = [{ name: "gb" }, { name: "calls" }, { name: DIMENSION_ABROAD }];
const hours = [{ name: "hours", kind: "hours" }];

function product(productCode: string, type: string, pricing: string, dimensions: readonly object[]): object {
  return { productCode, title: productCode, seller: SELLER, type, pricing, dimensions };
}

function agreement(agreementId: string, productCode: string, more: object = {}): object {
  return { agreementId, productCode, customerAccountId: BUYER, startsAt: STARTS_AT, ...more };
}

/** The catalogue, as a file of it would have it. */
export const CATALOGUE: object = {
  accounts: [
    { id: SELLER, users: [{ name: "metering", ...SELLER_KEY }] },
    { id: BUYER, roles: [{ name: ROLE }] },
    { id: ABROAD_ACCOUNT },
    { id: EARLY_ACCOUNT },
  ],
  products: [
    product(SAAS, "saas", "usage", metered),
    product(
      CONTRACT,
      "saas",
      "contract",
      ENTITLED.map(({ Dimension }) => ({ name: Dimension, kind: "entitled" })),
    ),
    product(CONTAINER, "container", "usage", metered),
    product(HOURLY, "container", "hourly", hours),
    product(UNSOLD, "container", "usage", metered),
  ],
  agreements: [
    agreement(AGREEMENT, SAAS, { customerIdentifier: CUSTOMER, licenseArn: LICENCE }),
    agreement("conformance-abroad", SAAS, { customerAccountId: ABROAD_ACCOUNT, customerIdentifier: ABROAD }),
    agreement("conformance-early", SAAS, {
      customerAccountId: EARLY_ACCOUNT,
      customerIdentifier: EARLY,
      startsAt: "2026-04-01T00:00:00Z",
    }),
    agreement("conformance-entitled", CONTRACT, {
      customerIdentifier: CUSTOMER,
      endsAt: ENTITLED_UNTIL,
      entitlements: ENTITLED.map(({ Dimension, Value }) => ({ dimension: Dimension, value: Object.values(Value)[0] })),
    }),
    agreement("conformance-container", CONTAINER),
    agreement("conformance-hourly", HOURLY),
  ],
};
