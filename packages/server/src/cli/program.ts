/** The command line with all of its groups of commands, one for each file. */
import type { Command } from "commander";
import { addAccessKey } from "./access-key.ts";
import { addAccount } from "./account.ts";
import { addAdvise } from "./advise.ts";
import { addActivity } from "./activity.ts";
import { addAgreement } from "./agreement.ts";
import { addAudit } from "./audit/group.ts";
import { addClock } from "./clock.ts";
import { addCompletion } from "./completion.ts";
import { addExplain } from "./explain.ts";
import { addFault } from "./fault.ts";
import { addIssuer } from "./issuer.ts";
import { addProduct } from "./product.ts";
import { addRecords } from "./records.ts";
import { addRegistrationKey } from "./registration-key.ts";
import { addRehearse } from "./rehearse.ts";
import { addReport } from "./report.ts";
import { addRequest } from "./request.ts";
import { addReset } from "./reset.ts";
import { addResource } from "./resource.ts";
import { addSearch, addServer } from "./server.ts";
import { addServe } from "./serve.ts";
import { addSnapshot } from "./snapshot.ts";
import { addStore } from "./store.ts";
import { addToken } from "./token.ts";
import { addUsage } from "./usage.ts";
import { programOf } from "./program-of.ts";

/** In the order in which the help lists them. */
const GROUPS = [
  addServe,
  addProduct,
  addAgreement,
  addAccount,
  addAccessKey,
  addIssuer,
  addToken,
  addRegistrationKey,
  addRecords,
  addUsage,
  addResource,
  addReport,
  addClock,
  addFault,
  addExplain,
  addAdvise,
  addRehearse,
  addActivity,
  addRequest,
  addSearch,
  addAudit,
  addReset,
  addSnapshot,
  addServer,
  addStore,
  addCompletion,
] as const;

export function commandLine(): Command {
  return programOf(GROUPS);
}
