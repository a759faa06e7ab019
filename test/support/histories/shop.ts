/**
 * The shop of the histories. Its names are easy to confuse: two products have a dimension of the same name, one customer's
 * identifier is another customer's account, and one account buys from two sellers.
 */
import { DEMO } from "../server.ts";

export interface ShopProduct {
  readonly productCode: string;
  readonly seller: string;
  readonly type: "saas" | "ami";
  readonly dimensions: readonly { readonly name: string; readonly kind: "metered" | "entitled" }[];
}

interface ShopAgreement {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  readonly customerIdentifier?: string;
  readonly licenseArn?: string;
  readonly startsAt: string;
}

export const SELLER = DEMO.seller;
const OTHER_SELLER = "999900001111";
const [ANN, BOB, CID, EVE] = ["444455556666", "777788889999", "222233334444", "333322221111"] as const;
export const ACCOUNTS = [ANN, BOB, CID, EVE] as const;
/** The second is Bob's, the third Eve's; the fourth belongs to a customer of the other seller. */
export const IDENTIFIERS = ["ann", ANN, "eve", "zoe"] as const;

export const licence = (number: number): string =>
  `arn:aws:license-manager::294406891311:license:l-${String(number).padStart(32, "0")}`;

const METERED = { kind: "metered" } as const;

export const PRODUCTS: readonly ShopProduct[] = [
  {
    productCode: "logs",
    seller: SELLER,
    type: "saas",
    dimensions: [
      { name: "gb", ...METERED },
      { name: "calls", ...METERED },
      { name: "seats", kind: "entitled" },
    ],
  },
  { productCode: "traces", seller: SELLER, type: "saas", dimensions: [{ name: "gb", ...METERED }] },
  { productCode: "image", seller: SELLER, type: "ami", dimensions: [{ name: "gb", ...METERED }] },
  { productCode: "foreign", seller: OTHER_SELLER, type: "saas", dimensions: [{ name: "gb", ...METERED }] },
];

const startsAt = "2020-01-01T00:00:00Z";

export const AGREEMENTS: readonly ShopAgreement[] = [
  { productCode: "logs", customerAccountId: ANN, customerIdentifier: "ann", licenseArn: licence(1) },
  { productCode: "logs", customerAccountId: BOB, customerIdentifier: ANN, licenseArn: licence(2) },
  { productCode: "logs", customerAccountId: CID, licenseArn: licence(3) },
  { productCode: "traces", customerAccountId: ANN, customerIdentifier: "ann", licenseArn: licence(4) },
  { productCode: "traces", customerAccountId: EVE, customerIdentifier: "eve", licenseArn: licence(5) },
  { productCode: "image", customerAccountId: CID, licenseArn: licence(6) },
  { productCode: "foreign", customerAccountId: ANN, customerIdentifier: "zoe", licenseArn: licence(7) },
].map((agreement, i) => ({ agreementId: `agmt-${i}`, startsAt, ...agreement }));

/** The shop as a catalogue file. JSON is also YAML. */
export function catalogueText(): string {
  const { accessKeyId, secretAccessKey } = DEMO;
  return JSON.stringify({
    accounts: [
      { id: SELLER, users: [{ name: "metering", accessKeyId, secretAccessKey }] },
      ...[OTHER_SELLER, ...ACCOUNTS].map((id) => ({ id })),
    ],
    products: PRODUCTS.map((product) => ({ title: product.productCode, pricing: "usage", ...product })),
    agreements: AGREEMENTS,
  });
}
