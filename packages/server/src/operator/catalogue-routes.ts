/** `/accounts`, `/products`, `/agreements`: list, add, show, change. The same three routes for each kind. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { EpochMs } from "@countinghouse/protocol";
import {
  accountChanges,
  accountView,
  agreementChange,
  agreementDocument,
  agreementView,
} from "../catalogue/documents.ts";
import { productChangeOver, productDocument, productView } from "../catalogue/product-documents.ts";
import {
  accountSchema,
  agreementSchema,
  policySchema,
  productSchema,
  type AccountDocument,
} from "../catalogue/schema.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import { changeCatalogue, invalidChange, type CatalogueRefusal } from "../operations/change-catalogue.ts";
import { agreementViewSchema } from "./agreement-routes.ts";
import { productViewSchema } from "./product-routes.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { ProblemError, bodyProblems, invalid, problems, refusalProblem } from "./problem.ts";
import { pageOf, pageQuery, pageSchema } from "./page.ts";

/** A kind of catalogue object, as the API serves it. */
interface Resource<Document extends object> {
  readonly path: "/accounts" | "/products" | "/agreements";
  readonly noun: string;
  readonly schema: z.ZodType<Document> & { readonly shape: object };
  readonly viewSchema: z.ZodType<object>;
  readonly idOf: (document: Document) => string;
  /** The objects of this kind, as they are shown. */
  readonly list: (catalogue: CatalogueView) => readonly object[];
  readonly show: (catalogue: CatalogueView, id: string) => object | undefined;
  /** What a patch is laid over, where that is not what is shown. */
  readonly document?: (catalogue: CatalogueView, id: string) => object | undefined;
  /** What puts the document in place, given what stands there now; or why it cannot be. */
  readonly changes: (
    document: Document,
    catalogue: CatalogueView,
    nowMs: EpochMs,
  ) => readonly CatalogueChange[] | CatalogueRefusal;
}

const accountViewSchema = z
  .object({
    id: z.string(),
    title: z.string().optional(),
    users: z.array(z.object({ name: z.string(), policy: policySchema.optional(), accessKeyIds: z.array(z.string()) })),
    roles: accountSchema.shape.roles,
  })
  .openapi("Account");

export function catalogueRoutes(app: OpenAPIHono<OperatorEnv>, context: OperatorContext): void {
  serve(app, context, {
    path: "/accounts",
    noun: "account",
    schema: accountSchema,
    viewSchema: accountViewSchema,
    idOf: (document) => document.id,
    list: (catalogue) => catalogue.list("account").map((account) => accountView(account, catalogue)),
    show: (catalogue, id) => {
      const account = catalogue.account(id);
      return account && accountView(account, catalogue);
    },
    changes: (document, catalogue) => [
      ...accountChanges(document, context.sealer),
      ...keysWithoutUser(document, catalogue),
    ],
  });
  serve(app, context, {
    path: "/products",
    noun: "product",
    schema: productSchema,
    viewSchema: productViewSchema,
    idOf: (document) => document.productCode,
    list: (catalogue) => catalogue.list("product").map((product) => productView(product, context.clock.nowMs())),
    show: (catalogue, id) => {
      const product = catalogue.product(id);
      return product && productView(product, context.clock.nowMs());
    },
    document: (catalogue, id) => {
      const product = catalogue.product(id);
      return product && productDocument(product);
    },
    changes: (document, catalogue, nowMs) => {
      const change = productChangeOver(document, catalogue.product(document.productCode), nowMs);
      return "message" in change ? invalidChange(change) : [change];
    },
  });
  serve(app, context, {
    path: "/agreements",
    noun: "agreement",
    schema: agreementSchema,
    viewSchema: agreementViewSchema,
    idOf: (document) => document.agreementId,
    list: (catalogue) =>
      catalogue.list("agreement").map((agreement) => agreementView(agreement, context.clock.nowMs())),
    show: (catalogue, id) => {
      const agreement = catalogue.agreement(id);
      return agreement && agreementView(agreement, context.clock.nowMs());
    },
    document: (catalogue, id) => {
      const agreement = catalogue.agreement(id);
      return agreement && agreementDocument(agreement);
    },
    changes: (document, catalogue, nowMs) => [
      agreementChange(document, catalogue.agreement(document.agreementId), nowMs),
    ],
  });
}

function serve<Document extends object>(
  app: OpenAPIHono<OperatorEnv>,
  { ledger }: OperatorContext,
  resource: Resource<Document>,
): void {
  const { path, noun, schema, viewSchema } = resource;
  const Noun = noun.charAt(0).toUpperCase() + noun.slice(1);
  const tags = ["catalogue"];
  const content = { "application/json": { schema: viewSchema } };
  const params = z.object({ id: z.string() });

  app.openapi(
    createRoute({
      method: "get",
      path,
      tags,
      summary: `List ${noun}s`,
      request: { query: pageQuery },
      responses: {
        200: { description: `A page of ${noun}s`, content: { "application/json": { schema: pageSchema(viewSchema) } } },
        ...problems(400),
      },
    }),
    (c) => c.json(pageOf(resource.list(ledger.catalogue), c.req.valid("query")), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path,
      tags,
      summary: `Add a new ${noun}`,
      request: { body: { required: true, content: { "application/json": { schema } } } },
      responses: { 201: { description: `The ${noun}`, content }, ...bodyProblems(409) },
    }),
    async (c) => {
      const document: Document = c.req.valid("json");
      const id = resource.idOf(document);
      const refusal = await changeCatalogue(ledger, c.var.call(`Create${Noun}`), (catalogue, nowMs) =>
        resource.show(catalogue, id) === undefined
          ? resource.changes(document, catalogue, nowMs)
          : { reason: "conflict", message: `The ${noun} ${id} exists already; PATCH changes it.` },
      );
      if (refusal !== undefined) throw refusalProblem(refusal);
      return c.json(resource.show(ledger.catalogue, id) as object, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: `${path}/{id}`,
      tags,
      summary: `Show one ${noun}`,
      request: { params },
      responses: { 200: { description: `The ${noun}`, content }, ...problems(404) },
    }),
    (c) => {
      const { id } = c.req.valid("param");
      const found = resource.show(ledger.catalogue, id);
      if (found === undefined) throw new ProblemError(404, `No ${noun} ${id}.`);
      return c.json(found, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: `${path}/{id}`,
      tags,
      summary: `Change one ${noun}: members that are given replace those that are there; null takes one away`,
      request: { params, body: { required: true, content: { "application/json": { schema: z.looseObject({}) } } } },
      responses: { 200: { description: `The ${noun}`, content }, ...bodyProblems(404, 409) },
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      const patch = c.req.valid("json");
      const refusal = await changeCatalogue(ledger, c.var.call(`Update${Noun}`), (catalogue, nowMs) => {
        const shown = resource.show(catalogue, id);
        if (shown === undefined) return { reason: "not-found", message: `No ${noun} ${id}.` };
        const before = resource.document === undefined ? shown : resource.document(catalogue, id);
        return patched(resource, id, { ...before, ...changedMembers(patch, shown) }, catalogue, nowMs);
      });
      if (refusal !== undefined) throw refusalProblem(refusal);
      return c.json(resource.show(ledger.catalogue, id) as object, 200);
    },
  );
}

/** What was shown may come back as it was, members that are not the patch's to change included. */
function changedMembers(patch: Readonly<Record<string, unknown>>, shown: object): object {
  const before = shown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
}

function patched<Document extends object>(
  resource: Resource<Document>,
  id: string,
  merged: object,
  catalogue: CatalogueView,
  nowMs: EpochMs,
): readonly CatalogueChange[] | CatalogueRefusal {
  // Null takes away what a document can have; of what it cannot have, the schema says so.
  const isTakenAway = (name: string, value: unknown): boolean => value === null && name in resource.schema.shape;
  const document = Object.fromEntries(Object.entries(merged).filter(([name, value]) => !isTakenAway(name, value)));
  const parsed = resource.schema.safeParse(withoutKeyIds(document));
  if (!parsed.success) throw invalid(parsed.error);
  if (resource.idOf(parsed.data) !== id) {
    return { reason: "invalid", message: `The id of ${resource.noun} ${id} cannot be changed.` };
  }
  return resource.changes(parsed.data, catalogue, nowMs);
}

/** What is shown of an account's users names their keys. That is no part of the document, and may come back with it. */
function withoutKeyIds(document: object): unknown {
  return JSON.parse(
    JSON.stringify(document, (name, value: unknown) => (name === "accessKeyIds" ? undefined : value)),
  ) as unknown;
}

/** A user who is taken away takes his keys along: a new user of that name must not bring them back to life. */
function keysWithoutUser({ id, users }: AccountDocument, catalogue: CatalogueView): CatalogueChange[] {
  return catalogue
    .list("access-key")
    .filter((key) => key.accountId === id && !users.some(({ name }) => name === key.userName))
    .map((key) => ({ kind: "access-key", id: key.accessKeyId, value: undefined }));
}
