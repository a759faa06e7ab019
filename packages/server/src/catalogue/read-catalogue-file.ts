/** A catalogue file, from its text. */
import { dirname } from "node:path";
import type { Sealer } from "../identity/seal.ts";
import { catalogueFileOf, type CatalogueFile } from "./apply.ts";
import { readYaml } from "./yaml.ts";

/** Throws CatalogueFileError for a text that is no valid catalogue, with every complaint at its line. */
export function readCatalogueFile(text: string, fileName: string, sealer: Sealer): CatalogueFile {
  const { value, locate } = readYaml(text, fileName);
  return catalogueFileOf(value, locate, dirname(fileName), sealer);
}
