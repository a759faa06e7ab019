/** Says whose usage a kept record is, and whose product it is about, by the names that held when the record was kept. */
import { pagesOf } from "./pages.ts";
import type { EpochMs } from "@countinghouse/protocol";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { accountCustomer, identifiedCustomer } from "../domain/metering/metering-record.ts";
import { IdentityHistory, type NamesInTime } from "./identity-history.ts";
import type { Ledger } from "./ledger.ts";

/** Operations that may have changed names in earlier versions, and operations that gave names first. */
const NAMING_OPERATIONS = ["ApplyCatalogue", "CreateAgreement", "UpdateAgreement", "CreateProduct", "UpdateProduct"];
const PAGE_ENTRIES = 500;

/** No name changes any more, so a catalogue's past is read only once. A reset makes another catalogue object. */
const known = new WeakMap<CatalogueView, Promise<readonly NamesInTime[]>>();

export async function namesAsMetered(ledger: Ledger): Promise<NamesAsMetered> {
  const { catalogue } = ledger;
  let changed = known.get(catalogue);
  if (changed === undefined) {
    changed = readChanged(ledger);
    known.set(catalogue, changed);
    changed.catch(() => known.delete(catalogue));
  }
  return new NamesAsMetered(catalogue, await changed);
}

async function readChanged(ledger: Ledger): Promise<readonly NamesInTime[]> {
  const history = new IdentityHistory();
  const query = { operations: NAMING_OPERATIONS, order: "oldest" as const, limit: PAGE_ENTRIES };
  for await (const entries of pagesOf((cursor) => ledger.events({ ...query, cursor }))) {
    for (const entry of entries) history.see(entry);
  }
  return history.inTime();
}

export class NamesAsMetered {
  readonly #catalogue: CatalogueView;
  /** The names of objects whose names were changed; all other objects are as the catalogue has them. */
  readonly #changed: readonly NamesInTime[];

  constructor(catalogue: CatalogueView, changed: readonly NamesInTime[]) {
    this.#catalogue = catalogue;
    this.#changed = changed;
  }

  /** The account that an identifier stood for when a record was kept; undefined where no known agreement has the identifier. */
  accountOf(productCode: string, customerIdentifier: string, recordedAtMs: EpochMs): string | undefined {
    const named = this.#changed.filter(
      ({ names }) => names["productCode"] === productCode && names["customerIdentifier"] === customerIdentifier,
    );
    const [current] = this.#catalogue.agreementsOf(productCode, identifiedCustomer(customerIdentifier));
    const then = inForceAt(named, recordedAtMs) ?? (current === undefined ? named.at(-1) : undefined);
    return then === undefined ? current?.customerAccountId : then.names["customerAccountId"];
  }

  /** The identifier of an account for usage at a time: from the agreement that had begun last and has an identifier. */
  identifierOf(productCode: string, accountId: string, usedAtMs: EpochMs): string | undefined {
    const identified = this.#catalogue
      .agreementsOf(productCode, accountCustomer(accountId))
      .filter(({ customerIdentifier }) => customerIdentifier !== undefined);
    const latest = identified
      .filter(({ startsAtMs }) => startsAtMs <= usedAtMs)
      .reduce<Agreement | undefined>((a, b) => (a === undefined || b.startsAtMs > a.startsAtMs ? b : a), undefined);
    return (latest ?? identified[0])?.customerIdentifier;
  }

  /** Every identifier by which an account was ever metered. */
  identifiersOf(accountId: string): string[] {
    const before = this.#changed.filter(({ names }) => names["customerAccountId"] === accountId);
    const now = this.#catalogue.list("agreement").filter(({ customerAccountId }) => customerAccountId === accountId);
    const all = [
      ...now.map(({ customerIdentifier }) => customerIdentifier),
      ...before.map(({ names }) => names["customerIdentifier"]),
    ];
    return [...new Set(all.filter((identifier) => identifier !== undefined))];
  }

  /** Every licence under which a product was ever metered. */
  licencesOf(productCode: string): string[] {
    const before = this.#changed.filter(({ names }) => names["productCode"] === productCode);
    const now = this.#catalogue.list("agreement").filter((agreement) => agreement.productCode === productCode);
    const all = [...now.map(({ licenseArn }) => licenseArn), ...before.map(({ names }) => names["licenseArn"])];
    return [...new Set(all.filter((licence) => licence !== undefined))];
  }

  /** Products of which names were changed, theirs or of agreements for them: whose a record is depends on when it was kept. */
  renamedProducts(): readonly string[] {
    const codes = this.#changed.map(({ kind, id, names }) => (kind === "product" ? id : names["productCode"]));
    return [...new Set(codes.filter((code) => code !== undefined))];
  }

  /** The account that published a product when a record of it was kept. */
  sellerOf(productCode: string, recordedAtMs: EpochMs): string | undefined {
    const named = this.#changed.filter(({ kind, id }) => kind === "product" && id === productCode);
    const then = inForceAt(named, recordedAtMs);
    return then === undefined ? this.#catalogue.product(productCode)?.seller : then.names["seller"];
  }
}

/** Where a clock stands still, a record may be kept at the very time of a change: it goes by the names before the change. */
function inForceAt(named: readonly NamesInTime[], atMs: EpochMs): NamesInTime | undefined {
  return (
    named.find(({ fromMs, untilMs }) => fromMs < atMs && atMs <= untilMs) ?? named.find(({ fromMs }) => fromMs === atMs)
  );
}
