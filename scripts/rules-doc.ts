/** npm run docs: writes docs/RULES.md from the rule book. With --check, only says whether it is as it should be. */
import { readFileSync, writeFileSync } from "node:fs";
import { ruleBook, ruleSets, type AcceptanceWindow } from "@countinghouse/protocol";

const FILE = new URL("../docs/RULES.md", import.meta.url);

const text = `# Rules

Every rule by which Countinghouse accepts or refuses, with its source. Where sources are silent or disagree, the *reading*
says which way we took, and why. A refusal names its rule; the ledger keeps it with the figures that were compared.

This page is generated from [the rule book](../packages/protocol/src/rules/rule-book.ts) by \`npm run docs\`.

| rule | text | source |
|---|---|---|
${Object.entries(ruleBook)
  .map(([id, rule]) => {
    const reading = rule.reading === undefined ? "" : `<br>*Reading:* ${rule.reading}`;
    return `| <a id="${id.toLowerCase()}"></a>${id} | ${rule.text}${reading} | ${rule.source} |`;
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
`;

function windowText(window: AcceptanceWindow): string {
  const hours = window.ageSecondsLimit / 3_600;
  const edge = window.limitAccepted ? "refused when older than" : "refused at, and beyond,";
  const grace =
    window.monthEndGraceSeconds === undefined
      ? ""
      : `; the month before until ${window.monthEndGraceSeconds / 3_600}:00 UTC on the 1st`;
  return `${edge} ${hours} hours${grace}`;
}

if (!process.argv.includes("--check")) {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, "utf8") !== text) {
  console.error("docs/RULES.md is not what the rule book says: run npm run docs.");
  process.exitCode = 1;
}
