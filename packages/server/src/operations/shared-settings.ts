/** Keeps the settings that all servers of one ledger share: at the first start on it, and when the operator changes them. */
import {
  SETTINGS_ID,
  settingDifferences,
  type SettingDifference,
  type SharedSettings,
} from "../domain/shared-settings.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { catalogueChanged } from "./change-catalogue.ts";

/**
 * Sets them where no server has: servers that start on a new ledger at once agree on the first one's. Answers how the ledger's
 * settings differ from `told`.
 */
export function agreeOnSettings(ledger: Ledger, call: Call, told: SharedSettings): Promise<SettingDifference[]> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue }): Decision<SettingDifference[]> => {
      const kept = catalogue.sharedSettings();
      if (kept !== undefined) return { event: catalogueChanged([]), answer: settingDifferences(kept, told) };
      const changes = [put(told)];
      return { event: catalogueChanged(changes), catalogue: changes, answer: [] };
    },
  });
}

/** Changes the given settings. Answers the settings before and after. The ledger must have some. */
export function changeSettings(
  ledger: Ledger,
  call: Call,
  change: Partial<SharedSettings>,
): Promise<{ readonly before: SharedSettings | undefined; readonly after: SharedSettings | undefined }> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue }) => {
      const before = catalogue.sharedSettings();
      const after = before === undefined ? undefined : { ...before, ...change };
      const changes = after === undefined ? [] : [put(after)];
      return {
        event: catalogueChanged(changes),
        ...(changes.length === 0 ? {} : { catalogue: changes }),
        answer: { before, after },
      };
    },
  });
}

/** The changes that put the settings back when a ledger is emptied. */
export function keptSettings(catalogue: CatalogueView): CatalogueChange[] {
  const kept = catalogue.sharedSettings();
  return kept === undefined ? [] : [put(kept)];
}

function put(value: SharedSettings): CatalogueChange {
  return { kind: "settings", id: SETTINGS_ID, value };
}
