/** `/buy/` lists the products; `/buy/{productCode}` shows one, and subscribes to it. */
import type { Context, Hono } from "hono";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { Product } from "../domain/catalogue/product.ts";
import { sealToken } from "../identity/registration-tokens.ts";
import { newAccountId, newAgreementId, newCustomerIdentifier, newLicenseArn } from "../operations/agreement-names.ts";
import { issueRegistrationToken } from "../operations/issue-registration-token.ts";
import { agreementInForce, subscribe } from "../operations/subscribe.ts";
import { openForm, sealForm, type BuyForm } from "./buy-form.ts";
import type { BuyContext, BuyEnv } from "./context.ts";
import { handOverPage } from "./hand-over-page.ts";
import { PageError, servePage } from "./layout.ts";
import { productListPage, unknownProductPage } from "./product-list.ts";
import { alreadySubscribedPage, notSoldHerePage, productPage, type ShownForm } from "./product-page.ts";

/** The buyer's form, read and checked against the catalogue. */
interface Order {
  readonly form: BuyForm;
  readonly customerAccountId: string;
  readonly freeTrial: boolean;
  readonly wish: string | null;
}

export function buyRoutes(app: Hono<BuyEnv>, context: BuyContext): void {
  const { ledger, sealer, clock } = context;
  const list = (c: Context<BuyEnv>): Response | Promise<Response> => servePage(c, productListPage(ledger.catalogue));
  app.get("/buy", list);
  app.get("/buy/", list);

  app.get("/buy/:productCode", (c) => {
    const product = ledger.catalogue.product(c.req.param("productCode"));
    if (product === undefined) return unknownProduct(c, context);
    if (product.type !== "saas") return servePage(c, notSoldHerePage(product, ledger.catalogue, clock.nowMs()));
    return servePage(c, productPage(product, newForm(product, context), ledger.catalogue, clock.nowMs()));
  });

  app.post("/buy/:productCode", async (c) => {
    const product = ledger.catalogue.product(c.req.param("productCode"));
    if (product === undefined) return unknownProduct(c, context);
    if (product.type !== "saas") return servePage(c, notSoldHerePage(product, ledger.catalogue, clock.nowMs()), 409);
    const order = orderOf(await formFields(c), product, context);
    const { customerAccountId, form, wish, freeTrial } = order;
    const before = agreementInForce(ledger.catalogue, product.productCode, customerAccountId, clock.nowMs());
    // The buyer is not asked again about an agreement that this same form has made.
    if (before !== undefined && before.agreementId !== form.agreementId && wish !== "subscribe-again") {
      if (wish === "continue") return handOver(c, context, product, before);
      const again = { ...form, sealed: sealForm(sealer, form) };
      return servePage(c, alreadySubscribedPage(product, again, { agreement: before, freeTrial }, ledger.catalogue));
    }
    return handOver(c, context, product, await subscribed(c, context, order));
  });
}

/** Subscribes as the order asks; answers the agreement. */
async function subscribed(c: Context<BuyEnv>, context: BuyContext, order: Order): Promise<Agreement> {
  const { ledger, clock, random } = context;
  const { form, customerAccountId, freeTrial } = order;
  const callOf = (operation: string): ReturnType<BuyEnv["Variables"]["call"]> =>
    c.var.call(operation, customerAccountId);
  const refusal = await subscribe(ledger, callOf, {
    agreementId: form.agreementId,
    productCode: form.productCode,
    customerAccountId,
    customerIdentifier: newCustomerIdentifier(random),
    licenseArn: newLicenseArn(random),
    startsAtMs: clock.nowMs(),
    freeTrial,
  });
  const agreement = ledger.catalogue.agreement(form.agreementId);
  if (refusal === undefined && agreement !== undefined) return agreement;
  throw new PageError(409, "Not subscribed", `${refusal?.message ?? ""} Open the product’s page again.`);
}

async function handOver(
  c: Context<BuyEnv>,
  { ledger, sealer }: BuyContext,
  product: Product,
  agreement: Agreement,
): Promise<Response> {
  const { agreementId, customerAccountId } = agreement;
  const call = c.var.call("IssueRegistrationToken", customerAccountId);
  const token = await issueRegistrationToken(ledger, call, agreementId, (claims) => sealToken(sealer, claims));
  if (token === undefined) throw new PageError(409, "Not subscribed", "The agreement is no longer there.");
  return servePage(c, handOverPage(product, agreement, token.registrationToken));
}

function newForm({ productCode }: Product, { ledger, sealer, random }: BuyContext): ShownForm {
  const agreementId = newAgreementId(random);
  const form = { productCode, agreementId, newAccountId: newAccountId(random, ledger.catalogue) };
  return { ...form, sealed: sealForm(sealer, form) };
}

/** The form's fields; each may occur once. */
const FIELDS: ReadonlySet<string> = new Set(["form", "account", "freeTrial", "wish"]);

async function formFields(c: Context): Promise<URLSearchParams> {
  const mediaType = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/x-www-form-urlencoded") {
    throw new PageError(415, "Not a form", "A subscription is sent as a form.");
  }
  return new URLSearchParams(await c.req.text());
}

function orderOf(fields: URLSearchParams, { productCode, seller }: Product, { ledger, sealer }: BuyContext): Order {
  const form = openForm(sealer, fields.get("form") ?? "", productCode);
  if (form === undefined) {
    throw new PageError(403, "Not from here", "This form is not one that this server made. Open the page again.");
  }
  const isReadOnce = [...fields.keys()].every((name) => FIELDS.has(name) && fields.getAll(name).length === 1);
  if (!isReadOnce)
    throw new PageError(422, "Not this form", "It has fields that the page’s form does not have, or one field twice.");
  const customerAccountId = fields.get("account") ?? "";
  const isThere = ledger.catalogue.account(customerAccountId) !== undefined || customerAccountId === form.newAccountId;
  if (!isThere) throw new PageError(422, "No such account", "Choose one of the accounts on the page.");
  if (customerAccountId === seller) {
    throw new PageError(422, "Not this account", "A seller does not buy its own product. Choose another account.");
  }
  return { form, customerAccountId, freeTrial: fields.get("freeTrial") === "on", wish: fields.get("wish") };
}

function unknownProduct(c: Context<BuyEnv, "/buy/:productCode">, { ledger }: BuyContext): Response | Promise<Response> {
  return servePage(c, unknownProductPage(c.req.param("productCode"), ledger.catalogue), 404);
}
