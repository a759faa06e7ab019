/** What sellers publish. */
import { Link, getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Product } from "countinghouse/operator";
import { useList } from "../api/calls.ts";
import { Filters } from "../parts/filters.tsx";
import { Code, Empty, Page } from "../parts/parts.tsx";
import { AddDialog } from "../parts/add-dialog.tsx";
import { ListTable, type Column } from "../parts/table.tsx";
import { useServer } from "../shell/server.ts";

const route = getRouteApi("/products");

const COLUMNS: readonly Column<Product>[] = [
  {
    name: "Title",
    cell: ({ title, productCode }) => (
      <Link to="/products/$id" params={{ id: productCode }} className="row-link">
        {title}
      </Link>
    ),
  },
  { name: "Product code", cell: ({ productCode }) => <Code>{productCode}</Code> },
  { name: "Type", cell: ({ type }) => type },
  { name: "Pricing", cell: ({ pricing }) => pricing },
  { name: "Seller", kind: "wide-only", cell: ({ seller }) => <code>{seller}</code> },
  { name: "Dimensions", kind: "number", cell: ({ dimensions }) => dimensions.length },
];

export function Products(): ReactNode {
  const { mayChange } = useServer();
  const { q = "" } = route.useSearch();
  const list = useList("GET /products");
  const wanted = q.toLowerCase();
  return (
    <Page
      title="Products"
      about="What sellers publish, and the dimensions it is metered by."
      actions={mayChange ? <AddProduct /> : null}
    >
      <Filters
        values={{ q }}
        filters={[{ name: "q", label: "Filter", type: "search", placeholder: "Title, code or seller" }]}
      />
      <ListTable
        label="Products"
        list={list}
        columns={COLUMNS}
        keyOf={({ productCode }) => productCode}
        filter={(product) =>
          [product.title, product.productCode, product.seller].some((text) => text.toLowerCase().includes(wanted))
        }
        empty={<Empty title="There are no products yet" command="npm run countinghouse -- product add --file FILE" />}
        noMatch={<Empty title="No product matches">Titles, codes and sellers are looked at.</Empty>}
      />
    </Page>
  );
}

function AddProduct(): ReactNode {
  const navigate = useNavigate();
  return (
    <AddDialog
      noun="product"
      article="a"
      route="POST /products"
      add={(client, document) => client.call("POST /products", { body: document as never })}
      onAdded={({ productCode }) => void navigate({ to: "/products/$id", params: { id: productCode } })}
    />
  );
}
