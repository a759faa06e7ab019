/** Issuers of web identity tokens, as the catalogue file names them. */
import type { OperatorContext } from "../../context.ts";
import type { issuerRoutes } from "../../contract/catalogue/issuer.ts";
import { pageOf } from "../../page.ts";
import type { Handlers } from "../../serve-routes.ts";

export function issuerHandlers({ ledger }: OperatorContext): Handlers<keyof typeof issuerRoutes> {
  return {
    "GET /issuers": ({ query }) => {
      const issuers = ledger.catalogue
        .list("issuer")
        .map(({ issuer, jwksFile, jwksUrl, caFile, region }) => ({ issuer, jwksFile, jwksUrl, caFile, region }));
      return pageOf(issuers, query, { idOf: ({ issuer }) => issuer });
    },
  };
}
