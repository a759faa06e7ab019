/**
 * The page by which the buyer's browser brings a registration token to the seller: a form that posts itself to the fulfilment
 * URL. Its fields are those that AWS documents, and some that were seen beside them. `x-amzn-marketplace-product-id` is left
 * out: it is not the product code, and products have no such id here.
 */
import { html } from "hono/html";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { Product } from "../domain/catalogue/product.ts";
import type { Html, Page } from "./layout.ts";

export function handOverPage(product: Product, agreement: Agreement, registrationToken: string): Page {
  const { fulfilmentUrl, title } = product;
  if (fulfilmentUrl === undefined) return tokenPage(product, agreement, registrationToken);
  return {
    title: "On to the seller",
    handsOver: true,
    content: html`<h1>On to the seller</h1>
      <p>You are subscribed to ${title}, by agreement <code>${agreement.agreementId}</code>.</p>
      <p>
        Your browser takes the registration token to <code>${fulfilmentUrl}</code>. If it stays here, press the button.
      </p>
      <form method="post" action="${fulfilmentUrl}">
        ${field("x-amzn-marketplace-token", registrationToken)}
        ${agreement.freeTrial === true ? field("x-amzn-marketplace-offer-type", "free-trial") : ""}
        ${field("x-amzn-marketplace-agreement-id", agreement.agreementId)}
        ${field("x-amzn-marketplace-fulfillment-url", fulfilmentUrl)}
        <div class="actions"><button>Set up your account</button></div>
      </form>`,
  };
}

/** For a product without a fulfilment URL: the token is shown, and can be resolved by hand. */
function tokenPage({ title }: Product, { agreementId }: Agreement, registrationToken: string): Page {
  return {
    title: "Subscribed",
    content: html`<h1>Subscribed</h1>
      <p>You are subscribed to ${title}, by agreement <code>${agreementId}</code>.</p>
      <h2>The seller cannot be reached</h2>
      <p>
        The product has no <code>fulfilmentUrl</code>, so your browser has nowhere to take the registration token. Give
        the product one in the catalogue, or copy the token and resolve it by hand.
      </p>
      <label for="token">Registration token</label>
      <textarea id="token" rows="3" readonly spellcheck="false">${registrationToken}</textarea>
      <p><a href="/buy/">All products</a></p>`,
  };
}

function field(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}" />`;
}
