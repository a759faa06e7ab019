/** docs/RULES.md, made from the rule book. */
import {
  operationsOf,
  productTypes,
  operations,
  refusalOrderOf,
  ruleBook,
  ruleSets,
  type AcceptanceWindow,
  type Period,
  type Pricing,
  type ProductType,
} from "@countinghouse/protocol";

export const rulesPage: string = `# Rules

Every rule by which Countinghouse accepts or refuses, with its source. Where sources are silent or disagree, the *reading*
says which way we took, and why. A refusal names its rule; the ledger keeps it with the figures that were compared.

This page is generated from [the rule book](../packages/protocol/src/rules/rule-book.ts) by \`npm run docs\`.

| rule | text | source | in force |
|---|---|---|---|
${Object.entries(ruleBook)
  .map(([id, rule]) => {
    const reading = rule.reading === undefined ? "" : `<br>*Reading:* ${rule.reading}`;
    return `| <a id="${id.toLowerCase()}"></a>${id} | ${rule.text}${reading} | ${rule.source} | ${periodText(rule.inForce)} |`;
  })
  .join("\n")}

## Rule sets

A rule set is the windows of the service at one time. \`countinghouse serve --rules\` chooses one.

| set | in force | BatchMeterUsage | MeterUsage |
|---|---|---|---|
${Object.values(ruleSets)
  .map(
    (set) =>
      `| \`${set.name}\` | ${set.inForce} | ${windowText(set.batchMeterUsageWindow)} | ${windowText(set.meterUsageWindow)} |`,
  )
  .join("\n")}

## Operations

Every operation of the wire but STS's two: who calls it, the IAM action that permits it, what IAM calls its access, and how many
requests a second an account has in one region ([Q2](#q2) – [Q4](#q4)).

| operation | what it does | called by | IAM action | access | a second |
|---|---|---|---|---|---|
${operations
  .map(({ name, summary, caller, action, readOnly, quota }) => {
    const cells = [
      name,
      summary,
      caller === "resource" ? "a metered resource" : "programs of an account",
      `\`${action}\``,
      readOnly ? "Read" : "Write",
      quota?.requestsPerSecond ?? "–",
    ];
    return `| ${cells.join(" | ")} |`;
  })
  .join("\n")}

## Order of refusals

A request with several things wrong is refused for the first of them, in this order. Rules that end in a record's status
come after all of these, record by record: what is kept under its key ([K2](#k2), [K3](#k3), [K5](#k5)), then whether the
customer is subscribed ([G1](#g1) to [G4](#g4)).

| operation | order |
|---|---|
${operations
  .map((operation) => {
    const rules = refusalOrderOf(operation).map((id) => `[${id}](#${id.toLowerCase()})`);
    return `| ${operation.name} | ${rules.join(" → ")} |`;
  })
  .join("\n")}

## Products and operations

Which operations a product may be named in ([P2](#p2)).

| product | pricing | operations |
|---|---|---|
${(Object.keys(productTypes) as ProductType[]).flatMap(productRows).join("\n")}
`;

function periodText({ from, until, before }: Period): string {
  const since = from === undefined ? "" : `since ${from}`;
  const bounds = [since, until === undefined ? "" : `until ${until}`].filter((bound) => bound !== "").join(", ");
  return `${bounds === "" ? "always" : bounds}${before === undefined ? "" : `; before: ${before}`}`;
}

function productRows(type: ProductType): string[] {
  const pricings: readonly Pricing[] = ["usage", "hourly", "contract", "contract-with-usage", "free", "byol"];
  const byOperations = Map.groupBy(pricings, (pricing) => operationsOf(type, pricing).join(", "));
  return [...byOperations].map(([named, priced]) => {
    const which = priced.length === pricings.length ? "any" : priced.join(", ");
    return `| ${productTypes[type]} | ${which} | ${named === "" ? "none" : named} |`;
  });
}

function windowText(window: AcceptanceWindow): string {
  const hours = window.ageSecondsLimit / 3_600;
  const edge = window.limitAccepted ? "refused when older than" : "refused at, and beyond,";
  const grace =
    window.monthEndGraceSeconds === undefined
      ? ""
      : `; the month before until ${window.monthEndGraceSeconds / 3_600}:00 UTC on the 1st`;
  return `${edge} ${hours} hours${grace}`;
}
