/** `countinghouse product`: what sellers publish. */
import type { Command } from "commander";
import { addCatalogueGroup, addFromFile, FILE_DESCRIPTION, FILE_FLAG, type CatalogueKind } from "./catalogue-group.ts";
import { withConnection, type ConnectionFlags } from "./operator-client.ts";

interface Product {
  readonly productCode: string;
  readonly title: string;
  readonly seller: string;
  readonly type: string;
  readonly pricing: string;
  readonly dimensions: readonly { readonly name: string }[];
}

const PRODUCT: CatalogueKind<Product> = {
  noun: "product",
  description: "Products that sellers publish, and their dimensions",
  idOf: ({ productCode }) => productCode,
  columns: {
    productCode: ({ productCode }) => productCode,
    title: ({ title }) => title,
    seller: ({ seller }) => seller,
    type: ({ type }) => type,
    pricing: ({ pricing }) => pricing,
    dimensions: ({ dimensions }) => dimensions.map(({ name }) => name),
  },
};

export function addProduct(program: Command): void {
  const group = addCatalogueGroup(program, PRODUCT);
  const add = group
    .command("add")
    .description("Add products, written as in a catalogue file")
    .requiredOption(FILE_FLAG, FILE_DESCRIPTION);
  withConnection(add).action((flags: ConnectionFlags & { readonly file: string }) =>
    addFromFile(PRODUCT, flags.file, flags),
  );
}
