/** The page of one product: what it is, what it costs, and the form to subscribe. */
import { html } from "hono/html";
import type { EpochMs } from "@countinghouse/protocol";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { Product } from "../domain/catalogue/product.ts";
import { agreementInForce } from "../operations/subscribe.ts";
import type { BuyForm } from "./buy-form.ts";
import type { Html, Page } from "./layout.ts";
import { accountName, dayText, priceText } from "./wording.ts";

/** A form to be shown; `sealed` is the value of its hidden field. */
export interface ShownForm extends BuyForm {
  readonly sealed: string;
}

/** More than a person reads, and few enough for one page. */
const BUYERS_MAX = 500;

export function productPage(product: Product, form: ShownForm, catalogue: CatalogueView, nowMs: EpochMs): Page {
  const { title, fulfilmentUrl } = product;
  return {
    title,
    content: html`${heading(product, catalogue, nowMs)}
      <form method="post" action="${pathOf(product)}">
        <input type="hidden" name="form" value="${form.sealed}" />
        <label for="account">Subscribe as</label>
        <select id="account" name="account">
          <option value="${form.newAccountId}">A new account, ${form.newAccountId}</option>
          ${buyerOptions(product, catalogue, nowMs)}
        </select>
        <label class="check"><input type="checkbox" name="freeTrial" value="on" /> Start with a free trial</label>
        ${
          product.dimensions.some(({ kind }) => kind === "entitled")
            ? html`<p class="quiet small">
                What the contract entitles to is not chosen here; the operator adds it to the agreement.
              </p>`
            : ""
        }
        <p class="quiet small">
          ${
            fulfilmentUrl === undefined
              ? "The product has no fulfilment URL, so you are shown the registration token instead of being sent to the seller."
              : html`Your browser then posts a registration token to the seller, at <code>${fulfilmentUrl}</code>.`
          }
        </p>
        <div class="actions"><button>Subscribe</button></div>
      </form>`,
  };
}

/** Shown where the chosen account has the product already; asks how to go on. */
export function alreadySubscribedPage(
  product: Product,
  form: ShownForm,
  { agreement, freeTrial }: { readonly agreement: Agreement; readonly freeTrial: boolean },
  catalogue: CatalogueView,
): Page {
  const { customerAccountId, agreementId, startsAtMs } = agreement;
  return {
    title: "Already subscribed",
    content: html`<h1>Already subscribed</h1>
      <p>
        ${accountName(customerAccountId, catalogue)}: subscribed to ${product.title} since ${dayText(startsAtMs)}, by
        agreement <code>${agreementId}</code>.
      </p>
      <form method="post" action="${pathOf(product)}">
        <input type="hidden" name="form" value="${form.sealed}" />
        <input type="hidden" name="account" value="${customerAccountId}" />
        ${freeTrial ? html`<input type="hidden" name="freeTrial" value="on" />` : ""}
        <div class="actions">
          <button name="wish" value="continue">Continue to the seller</button>
          <button name="wish" value="subscribe-again" class="second">Subscribe again</button>
        </div>
        <p class="quiet small">
          Continuing takes a new registration token for that agreement to the seller. Subscribing again makes a second
          agreement.
        </p>
      </form>
      <p><a href="${pathOf(product)}">Choose another account</a></p>`,
  };
}

/** Instances and containers meter themselves, so no buyer registers for them. Rules P2, X1 and X2. */
export function notSoldHerePage(product: Product, catalogue: CatalogueView, nowMs: EpochMs): Page {
  return {
    title: product.title,
    content: html`${heading(product, catalogue, nowMs)}
      <h2>Not bought on this page</h2>
      <p>
        Only SaaS products have registration tokens. This one is of type <code>${product.type}</code>:
        ${whoMeters(product)}
      </p>
      <p><a href="/buy/">All products</a></p>`,
  };
}

function whoMeters({ type, pricing }: Product): Html {
  const hasMeteredUsage = !["hourly", "free", "byol"].includes(pricing);
  if (type === "container") {
    return html`its containers call <code>${hasMeteredUsage ? "MeterUsage" : "RegisterUsage"}</code> where they run.`;
  }
  return hasMeteredUsage
    ? html`its instances call <code>MeterUsage</code> where they run.`
    : html`its instances call nothing; their hours are known without them.`;
}

function heading(product: Product, catalogue: CatalogueView, nowMs: EpochMs): Html {
  const { title, seller, dimensions } = product;
  return html`<h1>${title}</h1>
    <p class="quiet">Sold by ${accountName(seller, catalogue)}</p>
    ${
      dimensions.length === 0
        ? html`<p>It has no dimensions.</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">What is counted</th>
                <th scope="col">Price</th>
              </tr>
            </thead>
            <tbody>
              ${dimensions.map(
                (dimension) =>
                  html`<tr>
                    <th scope="row">
                      ${dimension.description ?? dimension.name} <code class="quiet">${dimension.name}</code>
                    </th>
                    <td>${priceText(dimension, nowMs)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }`;
}

function buyerOptions(product: Product, catalogue: CatalogueView, nowMs: EpochMs): Html {
  const buyers = catalogue.list("account").filter(({ id }) => id !== product.seller);
  return html`${buyers.slice(0, BUYERS_MAX).map(({ id }) => {
    const agreement = agreementInForce(catalogue, product.productCode, id, nowMs);
    const since = agreement === undefined ? "" : ` (subscribed)`;
    return html`<option value="${id}">${accountName(id, catalogue)}${since}</option>`;
  })}
  ${buyers.length > BUYERS_MAX ? html`<option disabled>… and ${buyers.length - BUYERS_MAX} more</option>` : ""}`;
}

function pathOf({ productCode }: Product): string {
  return `/buy/${encodeURIComponent(productCode)}`;
}
