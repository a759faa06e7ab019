/** All routes of the operator API, by their names. Each route is declared in one of these files, and nowhere else. */
import { adviceRoutes } from "./ledger/advice.ts";
import { activityRoutes } from "./ledger/activity.ts";
import { auditRoutes } from "./ledger/audit.ts";
import { accountRoutes } from "./catalogue/account.ts";
import { agreementRoutes } from "./catalogue/agreement.ts";
import { issuerRoutes } from "./catalogue/issuer.ts";
import { productRoutes } from "./catalogue/product.ts";
import { explanationRoutes } from "./ledger/explanation.ts";
import { faultRoutes } from "./faults.ts";
import { labRoutes } from "./lab.ts";
import { historyRoutes } from "./ledger/history.ts";
import { meteringRoutes } from "./ledger/metering.ts";
import { requestRoutes } from "./ledger/requests.ts";
import { verificationRoutes } from "./ledger/verifications.ts";
import { registrationKeyRoutes } from "./catalogue/registration-key.ts";
import { reportRoutes } from "./reports.ts";
import { resourceRoutes } from "./resources.ts";
import { serverRoutes } from "./server.ts";
import { simulationRoutes } from "./simulations.ts";
import { snapshotRoutes } from "./snapshots.ts";
import { usageRoutes } from "./usage.ts";
import type { AnswerOf, EventsOf } from "./route.ts";

export const ROUTES = {
  ...accountRoutes,
  ...productRoutes,
  ...agreementRoutes,
  ...issuerRoutes,
  ...meteringRoutes,
  ...registrationKeyRoutes,
  ...explanationRoutes,
  ...adviceRoutes,
  ...auditRoutes,
  ...verificationRoutes,
  ...activityRoutes,
  ...requestRoutes,
  ...historyRoutes,
  ...resourceRoutes,
  ...reportRoutes,
  ...usageRoutes,
  ...labRoutes,
  ...snapshotRoutes,
  ...faultRoutes,
  ...simulationRoutes,
  ...serverRoutes,
} as const;

export type RouteTable = typeof ROUTES;

/** `GET /accounts/{id}` and the others. */
export type RouteName = keyof RouteTable;

/** A route's answer in JSON; undefined where the answer has no content. */
export type AnswerTo<Name extends RouteName> = AnswerOf<RouteTable[Name]>;

/** An event of a route that sends events. */
export type EventFrom<Name extends RouteName> = EventsOf<RouteTable[Name]>;
