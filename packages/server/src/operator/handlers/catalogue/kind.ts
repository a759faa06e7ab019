/** What accounts, products and agreements share: list, add, show, change. */
import type { EpochMs } from "@countinghouse/protocol";
import type { z } from "zod";
import type { CatalogueChange, CatalogueView } from "../../../domain/catalogue/catalogue.ts";
import type { Call } from "../../../ledger/entry.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { changeCatalogue, type CatalogueRefusal } from "../../../operations/change-catalogue.ts";
import { DEPTH_MAX, isNestedWithin } from "../../nesting.ts";
import { pageOf } from "../../page.ts";
import { ProblemError, invalid, refusalProblem } from "../../problem.ts";

/** A kind of catalogue object, as the API serves it. */
interface Kind<Document extends object, Shown extends object> {
  readonly noun: "account" | "product" | "agreement";
  /** The schema that documents must fit: the contract's, or one that demands more. */
  readonly schema: z.ZodType<Document> & { readonly shape: object };
  readonly idOf: (document: Document) => string;
  /** The objects of this kind, as they are shown. */
  readonly list: (catalogue: CatalogueView) => readonly Shown[];
  readonly show: (catalogue: CatalogueView, id: string) => Shown | undefined;
  /** The document that a patch is merged into, where that is not the shown one. */
  readonly document?: (catalogue: CatalogueView, id: string) => object | undefined;
  /** The changes that put the document in place, given what stands there now; or why they cannot be made. */
  readonly changes: (
    document: Document,
    catalogue: CatalogueView,
    nowMs: EpochMs,
  ) => readonly CatalogueChange[] | CatalogueRefusal;
}

type Calls = (operation: string) => Call;
interface OneOf {
  readonly params: { readonly id: string };
}
interface KindHandlers<Shown> {
  /** A page of the selected objects. */
  readonly list: (
    query: Parameters<typeof pageOf>[1],
    isMeant: (shown: Shown) => boolean,
  ) => ReturnType<typeof pageOf<Shown>>;
  readonly add: (asked: { readonly body: object; readonly call: Calls }) => Promise<Shown>;
  readonly show: (asked: OneOf) => Shown;
  readonly change: (asked: OneOf & { readonly body: object; readonly call: Calls }) => Promise<Shown>;
}

export function kindHandlers<Document extends object, Shown extends object>(
  ledger: Ledger,
  kind: Kind<Document, Shown>,
): KindHandlers<Shown> {
  const { noun } = kind;
  const Noun = noun.charAt(0).toUpperCase() + noun.slice(1);
  const shown = (id: string): Shown => {
    const found = kind.show(ledger.catalogue, id);
    if (found === undefined) throw new ProblemError(404, `No ${noun} ${id}.`);
    return found;
  };
  return {
    list: (query, isMeant) => {
      // What is shown has the names of its document.
      const idOf = (one: Shown): string => kind.idOf(one as object as Document);
      return pageOf(kind.list(ledger.catalogue), query, { idOf, isMeant });
    },
    add: async ({ body, call }) => {
      const parsed = kind.schema.safeParse(body);
      if (!parsed.success) throw invalid(parsed.error);
      const id = kind.idOf(parsed.data);
      const refusal = await changeCatalogue(ledger, call(`Create${Noun}`), (catalogue, nowMs) =>
        kind.show(catalogue, id) === undefined
          ? kind.changes(parsed.data, catalogue, nowMs)
          : { reason: "conflict", message: `The ${noun} ${id} exists already; PATCH changes it.` },
      );
      if (refusal !== undefined) throw refusalProblem(refusal);
      return shown(id);
    },
    show: ({ params: { id } }) => shown(id),
    change: async ({ params: { id }, body, call }) => {
      if (!isNestedWithin(body)) throw new ProblemError(422, `The patch is nested more than ${DEPTH_MAX} levels deep.`);
      const refusal = await changeCatalogue(ledger, call(`Update${Noun}`), (catalogue, nowMs) => {
        const before = kind.show(catalogue, id);
        if (before === undefined) return { reason: "not-found", message: `No ${noun} ${id}.` };
        const under = kind.document === undefined ? before : kind.document(catalogue, id);
        return patched(kind, id, { ...under, ...changedMembers(body, before) }, catalogue, nowMs);
      });
      if (refusal !== undefined) throw refusalProblem(refusal);
      return shown(id);
    },
  };
}

/** Members of the patch that differ from what was shown: a caller may send back unchanged what it got. */
function changedMembers(patch: object, shown: object): object {
  const before = shown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
}

function patched<Document extends object>(
  kind: Kind<Document, object>,
  id: string,
  merged: object,
  catalogue: CatalogueView,
  nowMs: EpochMs,
): readonly CatalogueChange[] | CatalogueRefusal {
  // Null removes a member that the document can have; for other members the schema complains.
  const isTakenAway = (name: string, value: unknown): boolean => value === null && name in kind.schema.shape;
  const document = Object.fromEntries(Object.entries(merged).filter(([name, value]) => !isTakenAway(name, value)));
  const parsed = kind.schema.safeParse(withoutKeyIds(document));
  if (!parsed.success) throw invalid(parsed.error);
  if (kind.idOf(parsed.data) !== id) {
    return { reason: "invalid", message: `The id of ${kind.noun} ${id} cannot be changed.` };
  }
  return kind.changes(parsed.data, catalogue, nowMs);
}

/** A shown account lists its users' keys. They are no part of the document, but a caller may send them back with it. */
function withoutKeyIds(document: object): unknown {
  return JSON.parse(
    JSON.stringify(document, (name, value: unknown) => (name === "accessKeyIds" ? undefined : value)),
  ) as unknown;
}

/** Whether one of these texts holds the asked text, in letters of either case; true where no text is asked for. */
export function hasText(asked: string | undefined, ...texts: readonly (string | undefined)[]): boolean {
  if (asked === undefined) return true;
  const wanted = asked.toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(wanted) === true);
}
