/** Every screen's address, and what of its query a screen reads. Screens are loaded when they are first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Failed, NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";
import { parseSearch, stringifySearch, texts } from "./search.ts";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const below = { getParentRoute: () => root } as const;

const home = createRoute({
  ...below,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/activity" });
  },
});
const activity = createRoute({
  ...below,
  path: "/activity",
  validateSearch: texts("operation", "outcome", "accessKeyId", "productCode", "request"),
  component: lazyRouteComponent(() => import("./screens/activity/activity.tsx"), "Activity"),
});
const request = createRoute({
  ...below,
  path: "/requests/$id",
  component: lazyRouteComponent(() => import("./screens/request/request.tsx"), "Request"),
});
const products = createRoute({
  ...below,
  path: "/products",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./screens/products.tsx"), "Products"),
});
const product = createRoute({
  ...below,
  path: "/products/$id",
  component: lazyRouteComponent(() => import("./screens/product.tsx"), "Product"),
});
const agreements = createRoute({
  ...below,
  path: "/agreements",
  validateSearch: texts("q", "state", "product"),
  component: lazyRouteComponent(() => import("./screens/agreements.tsx"), "Agreements"),
});
const agreement = createRoute({
  ...below,
  path: "/agreements/$id",
  component: lazyRouteComponent(() => import("./screens/agreement.tsx"), "Agreement"),
});
const buyer = createRoute({
  ...below,
  path: "/buyer",
  validateSearch: texts("product"),
  component: lazyRouteComponent(() => import("./screens/buyer.tsx"), "Buyer"),
});
const usage = createRoute({
  ...below,
  path: "/usage",
  validateSearch: texts("month", "grain", "measure", "product", "view", "row", "at"),
  component: lazyRouteComponent(() => import("./screens/usage/usage-map.tsx"), "UsageMap"),
});
const revenue = createRoute({
  ...below,
  path: "/revenue",
  validateSearch: texts("month"),
  component: lazyRouteComponent(() => import("./screens/revenue.tsx"), "Revenue"),
});
const reports = createRoute({
  ...below,
  path: "/reports",
  validateSearch: texts("name", "month"),
  component: lazyRouteComponent(() => import("./screens/reports/reports.tsx"), "Reports"),
});
const customers = createRoute({
  ...below,
  path: "/customers",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./screens/customers.tsx"), "Customers"),
});
const accounts = createRoute({
  ...below,
  path: "/accounts",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./screens/accounts.tsx"), "Accounts"),
});
const clock = createRoute({
  ...below,
  path: "/clock",
  component: lazyRouteComponent(() => import("./screens/clock.tsx"), "Clock"),
});
const faults = createRoute({
  ...below,
  path: "/faults",
  component: lazyRouteComponent(() => import("./screens/faults.tsx"), "Faults"),
});
const resources = createRoute({
  ...below,
  path: "/resources",
  validateSearch: texts("platform", "live", "product"),
  component: lazyRouteComponent(() => import("./screens/resources.tsx"), "Resources"),
});
const resource = createRoute({
  ...below,
  path: "/resources/$id",
  component: lazyRouteComponent(() => import("./screens/resource.tsx"), "Resource"),
});
const audit = createRoute({
  ...below,
  path: "/audit",
  validateSearch: texts("eventName", "accountId", "accessKeyId", "productCode", "from", "to", "order"),
  component: lazyRouteComponent(() => import("./screens/audit.tsx"), "Audit"),
});
const server = createRoute({
  ...below,
  path: "/server",
  component: lazyRouteComponent(() => import("./screens/server.tsx"), "Server"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    activity,
    request,
    usage,
    revenue,
    reports,
    products,
    product,
    agreements,
    agreement,
    customers,
    accounts,
    clock,
    faults,
    buyer,
    resources,
    resource,
    audit,
    server,
  ]),
  basepath: "/console",
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: Failed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- the router reads this interface, which merges
  interface Register {
    router: typeof router;
  }
}
