/** The clock and the reset: changes that affect every caller. */
import { iso, timeOf } from "@countinghouse/protocol";
import { CatalogueFileError } from "../../catalogue/catalogue-file.ts";
import type { CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import { moveClock } from "../../operations/move-clock.ts";
import { keptRegistrationKeys } from "../../operations/registration-keys.ts";
import { keptSettings } from "../../operations/shared-settings.ts";
import type { OperatorContext } from "../context.ts";
import type { Clock, labRoutes } from "../contract/lab.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function labHandlers(context: OperatorContext): Handlers<keyof typeof labRoutes> {
  const { ledger, clock } = context;
  const state = (): Clock => ({ now: iso(clock.nowMs()), mode: clock.mode });
  return {
    "GET /clock": state,
    "PUT /clock": async ({ body: { now, advanceSeconds = 0 }, call }) => {
      if (clock.mode === "system") {
        throw new ProblemError(409, "The system clock cannot be moved; start with --clock manual or --clock offset.");
      }
      const move = now === undefined ? { byMs: Math.round(advanceSeconds * 1000) } : { toMs: timeOf(now) };
      const moved = await moveClock(ledger, call("MoveClock"), move);
      if (moved.refused) {
        throw new ProblemError(409, `The clock moves forward only; it stands at ${iso(moved.nowMs)}.`);
      }
      await context.keeping.dueWork();
      return state();
    },
    "POST /reset": async ({ call }) => {
      if (!context.lab) throw new ProblemError(403, "A reset destroys the ledger: it needs --lab.");
      await context.keeping.beforeReset();
      const initial = startCatalogue(context);
      await ledger.reset(call("ResetLedger"), (before) => [
        ...initial,
        ...keptRegistrationKeys(before),
        ...keptSettings(before),
      ]);
      context.faults.clear();
      await context.workload.resourcesChanged();
    },
  };
}

/** A catalogue file may refer to objects that only the ledger has; after a reset it cannot be put in place without them. */
function startCatalogue(context: OperatorContext): readonly CatalogueChange[] {
  try {
    return context.initialCatalogue();
  } catch (error) {
    if (!(error instanceof CatalogueFileError)) throw error;
    const message = "The catalogue file does not stand on its own, so the ledger is left as it is.";
    throw new ProblemError(409, message, { errors: error.problems });
  }
}
