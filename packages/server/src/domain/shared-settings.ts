/** What all servers of one ledger go by alike, besides the catalogue: set by the first that starts on it. */
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
  /** What the ledger is run with. */
  readonly kept: string;
  /** What this server was told. */
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
