/** All products, and which of them can be bought here. */
import { html } from "hono/html";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { Product } from "../domain/catalogue/product.ts";
import type { Html, Page } from "./layout.ts";
import { accountName } from "./wording.ts";

/** More than a person reads, and few enough for one page. */
const SHOWN_MAX = 500;

export function productListPage(catalogue: CatalogueView): Page {
  return {
    title: "Products",
    content: html`<h1>Products</h1>
      ${productList(catalogue)}`,
  };
}

export function unknownProductPage(productCode: string, catalogue: CatalogueView): Page {
  return {
    title: "No such product",
    content: html`<h1>No such product</h1>
      <p>The catalogue has no product <code>${productCode}</code>. It has:</p>
      ${productList(catalogue)}`,
  };
}

function productList(catalogue: CatalogueView): Html {
  const products = catalogue.list("product");
  if (products.length === 0) return html`<p>The catalogue has no products yet.</p>`;
  return html`<ul class="products">
      ${products.slice(0, SHOWN_MAX).map((product) => listed(product, catalogue))}
    </ul>
    ${products.length > SHOWN_MAX ? html`<p>These are the first ${SHOWN_MAX} of ${products.length}.</p>` : ""}`;
}

function listed(product: Product, catalogue: CatalogueView): Html {
  const where = product.type === "saas" ? "" : ", not bought on this page";
  return html`<li>
    <a href="/buy/${encodeURIComponent(product.productCode)}">${product.title}</a>
    <span class="quiet small">${accountName(product.seller, catalogue)}${where}</span>
  </li>`;
}
