/** The settings, besides the catalogue, that all servers of a ledger share; the first server on the ledger sets them. */
import type { RuleSetName } from "@countinghouse/protocol";

export interface SharedSettings {
  readonly rules: RuleSetName;
  readonly clock: "system" | "manual" | "offset";
  readonly quotas: "off" | "aws";
}

/** There is one object of this kind. */
export const SETTINGS_ID = "ledger";

export interface SettingDifference {
  readonly setting: keyof SharedSettings;
  /** The ledger's value. */
  readonly kept: string;
  /** This server's value. */
  readonly told: string;
}

const NAMES = ["rules", "clock", "quotas"] as const satisfies readonly (keyof SharedSettings)[];

export function settingDifferences(kept: SharedSettings, told: SharedSettings): SettingDifference[] {
  return NAMES.filter((name) => kept[name] !== told[name]).map((name) => ({
    setting: name,
    kept: kept[name],
    told: told[name],
  }));
}
