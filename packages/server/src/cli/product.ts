/** `countinghouse product`: what sellers publish. */
import type { Command } from "commander";
import { timeArgument } from "./arguments.ts";
import { addCatalogueGroup, addFromFile, FILE_DESCRIPTION, FILE_FLAG, type CatalogueKind } from "./catalogue-group.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { Dimension, Price, Product } from "../operator/contract/catalogue/product.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print } from "./output.ts";

interface SetPriceFlags extends ConnectionFlags {
  readonly effectiveFrom?: string;
}

type Document = RequestTo<"POST /products">["body"];

const PRODUCT: CatalogueKind<Product, Document> = {
  noun: "product",
  list: (client, max) => client.first("GET /products", max),
  show: (client, id) => client.call("GET /products/{id}", { params: { id } }),
  add: (client, body) => client.call("POST /products", { body }),
  change: (client, id, members) => client.call("PATCH /products/{id}", { params: { id }, body: { ...members } }),
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
  forPeople: ({ dimensions, droppedDimensions, ...same }) => ({
    ...same,
    dimensions: dimensions.map(withPricesInWords),
    ...(droppedDimensions === undefined ? {} : { droppedDimensions: droppedDimensions.map(withPricesInWords) }),
  }),
};

function withPricesInWords(dimension: Dimension): object {
  const { prices } = dimension;
  return prices === undefined ? dimension : { ...dimension, prices: prices.map(priceInWords) };
}

function priceInWords({ price, effectiveFrom }: Price): string {
  return `${price ?? "none"}${effectiveFrom === undefined ? "" : ` from ${effectiveFrom}`}`;
}

export function addProduct(program: Command): void {
  const group = addCatalogueGroup(program, PRODUCT);
  const add = group
    .command("add")
    .description("Add products, written as in a catalogue file")
    .requiredOption(FILE_FLAG, FILE_DESCRIPTION);
  withConnection(add).action((flags: ConnectionFlags & { readonly file: string }) =>
    addFromFile(PRODUCT, flags.file, flags),
  );
  addSetPrice(group);
}

function addSetPrice(group: Command): void {
  const command = group
    .command("set-price <id> <dimension> <price>")
    .description("Set the price of a dimension, in US dollars a unit; what is used before is reported at its own price")
    .option("--effective-from <time>", "first moment of an hour, UTC (default: the coming hour)", timeArgument);
  withConnection(command).action(async (id: string, name: string, price: string, flags: SetPriceFlags) => {
    const shown = await connect(flags).call("POST /products/{id}/dimensions/{dimension}/prices", {
      params: { id, dimension: name },
      body: { price, effectiveFrom: flags.effectiveFrom },
    });
    const prices = shown.dimensions.find((dimension) => dimension.name === name)?.prices ?? [{ price }];
    print(flags, shown, `Prices of ${name}: ${prices.map(priceInWords).join(", ")}.`);
  });
}
