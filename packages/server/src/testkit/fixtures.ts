/**
 * Products and customers that a test asks for by what matters to it; ids and names are made. What was made is in place at
 * once for whoever asks next, and is put into the ledger before the next request on the wire is looked at.
 */
import { iso } from "@countinghouse/protocol";
import { catalogueFileOf, dueChanges } from "../catalogue/apply.ts";
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { Sealer } from "../identity/seal.ts";
import { asJson } from "./as-json.ts";
import { refuseUnknown } from "./known-members.ts";

/** An access key of a seller, as SDKs take it. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What a product is to be; what is left out is made. */
export interface ProductOptions {
  /** Prices in US dollars a unit by dimension, such as `{ gb: "0.25" }`; null for a dimension without a price. Default: one dimension, `units`. */
  readonly dimensions?: Readonly<Record<string, string | null>> | undefined;
  readonly productCode?: string | undefined;
  readonly title?: string | undefined;
  /** Default: `saas`, which is what BatchMeterUsage is for. */
  readonly type?: "saas" | "ami" | "container" | undefined;
  /** Default: `usage`. Dimensions of `contract` products are entitled. */
  readonly pricing?: "usage" | "hourly" | "contract" | "contract-with-usage" | "free" | "byol" | undefined;
  readonly fulfilmentUrl?: string | undefined;
  /** A name of the test's own: products of one name share an account. Default: all share one. */
  readonly seller?: string | undefined;
}

/** A product that is there. */
export interface MarketProduct {
  readonly productCode: string;
  readonly dimensions: readonly string[];
  /** The seller's account. */
  readonly sellerAccountId: string;
  readonly credentials: Credentials;
}

/** What a customer is to be; what is left out is made. */
export interface CustomerOptions {
  /** Null for a customer without one, as new products have them. */
  readonly customerIdentifier?: string | null | undefined;
  readonly accountId?: string | undefined;
  /** ISO 8601. Default: a year before the market's start. */
  readonly startsAt?: string | undefined;
  readonly endsAt?: string | undefined;
  readonly freeTrial?: boolean | undefined;
  /** What the agreement gives, by dimension. */
  readonly entitlements?: Readonly<Record<string, number | string | boolean>> | undefined;
}

/** An agreement that is there, and by what names its customer is metered. */
export interface CustomerNames {
  readonly agreementId: string;
  readonly accountId: string;
  readonly customerIdentifier: string | undefined;
  readonly licenseArn: string;
  readonly productCode: string;
}

interface Seller {
  readonly accountId: string;
  readonly credentials: Credentials;
}

interface FixtureOptions {
  readonly sealer: Sealer;
  /** The catalogue that the market started with. */
  readonly initial: readonly CatalogueChange[];
  readonly startMs: number;
  readonly nowMs: () => number;
  /** Has changes put into the ledger. */
  readonly put: (changes: readonly CatalogueChange[]) => void;
}

const PRODUCT: readonly (keyof ProductOptions)[] = [
  "dimensions",
  "productCode",
  "title",
  "type",
  "pricing",
  "fulfilmentUrl",
  "seller",
];
const CUSTOMER: readonly (keyof CustomerOptions)[] = [
  "customerIdentifier",
  "accountId",
  "startsAt",
  "endsAt",
  "freeTrial",
  "entitlements",
];
const YEAR_MS = 365 * 86_400_000;
const DEFAULT_SELLER = "";

export class Fixtures {
  readonly #options: FixtureOptions;
  /** The catalogue with all that was asked for so far. */
  readonly #catalogue: Catalogue;
  readonly #changes: CatalogueChange[];
  readonly #sellers = new Map<string, Seller>();
  #accounts = 0;
  #made = 0;

  constructor(options: FixtureOptions) {
    this.#options = options;
    this.#catalogue = new Catalogue(options.initial);
    this.#changes = [...options.initial];
  }

  /** What puts all of it in place on an empty ledger. */
  get changes(): readonly CatalogueChange[] {
    return this.#changes;
  }

  /** Throws CatalogueFileError for what cannot be, and TypeError for options that there are not. */
  product(options: ProductOptions): MarketProduct {
    refuseUnknown("market.product", options, PRODUCT);
    const { type = "saas", pricing = "usage", title, fulfilmentUrl, dimensions = { units: null } } = options;
    const seller = this.seller(options.seller);
    const productCode = options.productCode ?? this.#id("product", 25);
    const kind = kindOf(pricing);
    this.#add({
      products: [
        {
          productCode,
          title: title ?? `Product ${productCode}`,
          seller: seller.accountId,
          type,
          pricing,
          fulfilmentUrl,
          dimensions: Object.entries(dimensions).map(([name, price]) => ({ name, price: price ?? undefined, kind })),
        },
      ],
    });
    const names = Object.keys(dimensions);
    const { accountId, credentials } = seller;
    return { productCode, dimensions: names, sellerAccountId: accountId, credentials };
  }

  /** Throws CatalogueFileError for what cannot be, and TypeError for options that there are not. */
  customer({ productCode }: Pick<MarketProduct, "productCode">, options: CustomerOptions): CustomerNames {
    refuseUnknown("market.customer", options, CUSTOMER);
    const { startMs } = this.#options;
    const accountId = options.accountId ?? this.#accountId();
    const { customerIdentifier = this.#id("customer", 16), startsAt = iso(startMs - YEAR_MS) } = options;
    const agreementId = this.#id("agmt", 16);
    const names: CustomerNames = {
      agreementId,
      accountId,
      customerIdentifier: customerIdentifier ?? undefined,
      licenseArn: this.#licenseArn(),
      productCode,
    };
    const { endsAt, freeTrial, entitlements = {} } = options;
    const isKnown = this.#catalogue.account(accountId) !== undefined;
    this.#add({
      accounts: isKnown ? [] : [{ id: accountId }],
      agreements: [
        {
          agreementId: names.agreementId,
          productCode,
          customerAccountId: accountId,
          customerIdentifier: names.customerIdentifier,
          licenseArn: names.licenseArn,
          startsAt,
          endsAt,
          freeTrial,
          entitlements: Object.entries(entitlements).map(([dimension, value]) => ({ dimension, value })),
        },
      ],
    });
    return names;
  }

  seller(name: string = DEFAULT_SELLER): Seller {
    const known = this.#sellers.get(name);
    if (known !== undefined) return known;
    const accountId = this.#accountId();
    const key = { accessKeyId: `AKIATESTKIT${accountId.slice(4)}`, secretAccessKey: `secret-of-${accountId}` };
    this.#add({ accounts: [{ id: accountId, users: [{ name: "metering", ...key }] }] });
    const seller = { accountId, credentials: key };
    this.#sellers.set(name, seller);
    return seller;
  }

  #add(document: object): void {
    const { sealer, nowMs, put } = this.#options;
    const file = catalogueFileOf(asJson(document), () => "fixture", ".", sealer);
    // What a file has said is not told from what a later one leaves out: fixtures come one at a time, and none goes.
    const changes = dueChanges(file, this.#catalogue, nowMs());
    this.#catalogue.apply(changes);
    this.#changes.push(...changes);
    put(changes);
  }

  /** Names of the catalogue that the market began with are passed over. */
  #id(word: string, length: number): string {
    for (;;) {
      this.#made += 1;
      const id = word + String(this.#made).padStart(length - word.length, "0");
      if (this.#catalogue.product(id) === undefined && this.#catalogue.agreement(id) === undefined) return id;
    }
  }

  #licenseArn(): string {
    for (let number = this.#made; ; number += 1) {
      const arn = `arn:aws:license-manager::294406891311:license:l-${String(number).padStart(32, "0")}`;
      if (this.#catalogue.agreementByLicense(arn) === undefined) return arn;
    }
  }

  #accountId(): string {
    do this.#accounts += 1;
    while (this.#catalogue.account(accountIdOf(this.#accounts)) !== undefined);
    return accountIdOf(this.#accounts);
  }
}

function accountIdOf(number: number): string {
  return String(100_000_000_000 + number);
}

function kindOf(pricing: NonNullable<ProductOptions["pricing"]>): "metered" | "entitled" | "hours" {
  if (pricing === "contract") return "entitled";
  return pricing === "hourly" || pricing === "free" || pricing === "byol" ? "hours" : "metered";
}
