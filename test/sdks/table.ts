/** What docs/SDKS.md says of the SDKs that the suite runs, so that it says neither more nor less. */
import { SDKS, type Ability, type Sdk } from "./sdks.ts";

const COLUMNS: readonly (readonly [string, Ability | undefined])[] = [
  ["`ResolveCustomer`, `BatchMeterUsage`, `GetEntitlements`, `LookupEvents`", undefined],
  ["by licence", "licences"],
  ["sends again", "retries"],
  ["in a container", "container credentials"],
  ["on an instance", "instance credentials"],
  ["in a pod", "web identity"],
];

const cellOf = ({ cannot }: Sdk, ability: Ability | undefined): string =>
  (ability === undefined ? undefined : cannot[ability]) ?? "✓";

export const protocolOf = ({ protocol }: Sdk): string => (protocol === undefined ? "AWS JSON 1.1" : "RPC v2 CBOR");

const lineOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export const table: string = [
  lineOf(["SDK", "version", "protocol", ...COLUMNS.map(([title]) => title)]),
  `|${"---|".repeat(3 + COLUMNS.length)}`,
  ...SDKS.map((sdk) =>
    lineOf([sdk.name, sdk.version, protocolOf(sdk), ...COLUMNS.map(([, ability]) => cellOf(sdk, ability))]),
  ),
].join("\n");
