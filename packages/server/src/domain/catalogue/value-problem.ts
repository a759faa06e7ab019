/**
 * What the values of catalogue objects must be, beyond their schema. Earlier versions accepted more: such values stay in force,
 * and their objects can still be changed in other members.
 */
import { operationsOf, productTypes } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "./catalogue.ts";
import type { Product } from "./product.ts";

export interface ValueProblem {
  /** The faulty member of the object. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The digits of a price, at most 12 before the point and 12 after it. */
const PRICE = /^\d{1,12}(?:\.\d{1,12})?$/;
const PRICE_PROBLEM = "must have at most 12 digits before its point, and 12 after";

/** Overrides, embeddings and isolates make one text look like another. Marks do not; Arabic and Hebrew need them. */
const NAME = /^[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]*$/u;
const NAME_PROBLEM = "must not contain characters that turn the direction of text (U+202A to U+202E, U+2066 to U+2069)";

const TEXT_CHARACTERS_MAX = 1_000;
const ADDRESS_CHARACTERS_MAX = 2_048;

/** The look-ups that find the present object, which the new one is to replace. */
export type Held = Pick<CatalogueView, "account" | "product" | "agreement" | "issuer">;

/** Says what is wrong with the values of an object that is to be put in place, and was not wrong with it before. */
export function valueProblem(change: CatalogueChange, held: Held): ValueProblem | undefined {
  const problems = problemsOf(change);
  if (problems.length === 0) return undefined;
  const before = new Set(problemsOf(heldInPlaceOf(change, held)).map(({ fault }) => fault));
  return problems.find(({ fault }) => !before.has(fault));
}

/** The objects in force that would not be accepted today, each with the first reason. */
export function outdatedValues(
  catalogue: CatalogueView,
): (ValueProblem & { readonly kind: string; readonly id: string })[] {
  const changes: CatalogueChange[] = [
    ...catalogue.list("account").map((value) => ({ kind: "account" as const, id: value.id, value })),
    ...catalogue.list("product").map((value) => ({ kind: "product" as const, id: value.productCode, value })),
    ...catalogue.list("agreement").map((value) => ({ kind: "agreement" as const, id: value.agreementId, value })),
  ];
  return changes.flatMap((change) => {
    const [problem] = problemsOf(change);
    return problem === undefined
      ? []
      : [{ kind: change.kind, id: change.id, path: problem.path, message: problem.message }];
  });
}

/** A problem, with a name of the fault that does not depend on its place in the object. */
interface FoundProblem extends ValueProblem {
  readonly fault: string;
}

function problemsOf(change: CatalogueChange): FoundProblem[] {
  const texts = [...namesOf(change)].flatMap(([path, text]) => {
    if (!NAME.test(text)) return [found(path, NAME_PROBLEM, text)];
    return tooLong(path, text, TEXT_CHARACTERS_MAX);
  });
  const addresses = [...addressesOf(change)].flatMap(([path, text = ""]) =>
    tooLong(path, text, ADDRESS_CHARACTERS_MAX),
  );
  if (change.kind !== "product" || change.value === undefined) return [...texts, ...addresses];
  return [...texts, ...addresses, ...priceProblems(change.value), ...hoursProblems(change.value)];
}

function found(path: Place, message: string, text: string): FoundProblem {
  return { path, message, fault: `${message}\n${text}` };
}

function tooLong(path: Place, text: string, max: number): FoundProblem[] {
  return text.length <= max ? [] : [found(path, `must have at most ${max} characters`, text)];
}

function priceProblems({ dimensions }: Product): FoundProblem[] {
  return dimensions.flatMap(({ price, earlier = [] }, index) =>
    [price, ...earlier.map((step) => step.price)]
      .filter((said) => said !== undefined && !PRICE.test(said))
      .map((said = "") => found(["dimensions", index, "price"], PRICE_PROBLEM, said)),
  );
}

/** Rule P2: a product that registers is reported by the hour, and only one dimension can give that its name and price. */
function hoursProblems({ type, pricing, dimensions }: Product): FoundProblem[] {
  if (!operationsOf(type, pricing).includes("RegisterUsage")) return [];
  const hours = dimensions.filter(({ kind }) => kind === "hours").length;
  if (hours === 1) return [];
  const message = `a ${productTypes[type]} with the pricing ${pricing} must have one dimension of kind hours; it has ${hours}`;
  return [found(["dimensions"], message, "")];
}

function heldInPlaceOf({ kind, id }: CatalogueChange, held: Held): CatalogueChange {
  switch (kind) {
    case "account":
      return { kind, id, value: held.account(id) };
    case "product":
      return { kind, id, value: held.product(id) };
    case "agreement":
      return { kind, id, value: held.agreement(id) };
    case "issuer":
      return { kind, id, value: held.issuer(id) };
    case "access-key":
    case "registration-key":
    case "settings":
      return { kind, id, value: undefined };
  }
}

type Place = ValueProblem["path"];

/** The texts that people give as names, or read. */
function* namesOf(change: CatalogueChange): Generator<readonly [Place, string]> {
  if (change.value === undefined) return;
  switch (change.kind) {
    case "account": {
      const { title, users, roles } = change.value;
      if (title !== undefined) yield [["title"], title];
      for (const [i, user] of users.entries()) yield [["users", i, "name"], user.name];
      for (const [i, { webIdentity = [] }] of roles.entries()) {
        for (const [j, { audience }] of webIdentity.entries())
          yield [["roles", i, "webIdentity", j, "audience"], audience];
      }
      return;
    }
    case "product": {
      yield [["title"], change.value.title];
      for (const [i, { name, description = "", unit = "" }] of change.value.dimensions.entries()) {
        yield [["dimensions", i, "name"], name];
        yield [["dimensions", i, "description"], description];
        yield [["dimensions", i, "unit"], unit];
      }
      return;
    }
    case "agreement": {
      const { agreementId, customerIdentifier = "", entitlements } = change.value;
      yield [["agreementId"], agreementId];
      yield [["customerIdentifier"], customerIdentifier];
      for (const [i, { value }] of entitlements.entries()) {
        if (typeof value === "string") yield [["entitlements", i, "value"], value];
      }
      return;
    }
    case "access-key":
    case "issuer":
    case "registration-key":
    case "settings":
  }
}

function* addressesOf(change: CatalogueChange): Generator<readonly [Place, string | undefined]> {
  if (change.value === undefined) return;
  if (change.kind === "product") yield [["fulfilmentUrl"], change.value.fulfilmentUrl];
  if (change.kind === "agreement") yield [["licenseArn"], change.value.licenseArn];
  if (change.kind === "issuer") yield [["jwksUrl"], change.value.jwksUrl];
}
