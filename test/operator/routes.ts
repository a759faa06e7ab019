/** The routes of the operator API, as the contract declares them: method and path. */
import { ROUTES as DECLARED } from "../../packages/server/src/operator/contract/routes.ts";

export const ROUTES = Object.keys(DECLARED).map((name) => {
  const [method = "", path = ""] = name.split(" ");
  return [method.toLowerCase(), path] as const;
});
