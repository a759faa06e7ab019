/** `countinghouse explain`: why a request was answered as it was. */
import type { Command } from "commander";
import type { Explanation, RecordExplanation, Rule } from "../operator/contract/ledger/explanation.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print } from "./output.ts";

export function addExplain(program: Command): void {
  withConnection(
    program
      .command("explain <request-id>")
      .description("Say why a request was answered as it was; takes the id of a metering record, too"),
  ).action(async (id: string, flags: ConnectionFlags) => {
    const params = { requestId: id };
    const explanation = await connect(flags).call("GET /requests/{requestId}/explanation", { params });
    print(flags, explanation, textOf(explanation));
  });
}

function textOf(explanation: Explanation): string {
  const {
    meteringRecordId,
    summary,
    event: _event,
    refusal,
    records = [],
    faults = [],
    details,
    ...call
  } = explanation;
  const made = meteringRecordId === undefined ? "" : `Metering record ${meteringRecordId} was made by this request.\n`;
  const parts = [made + summary, described({ ...call, ...details })];
  for (const { faultId, kind } of faults) parts.push(`Fault on demand: ${kind} (${faultId})`);
  if (refusal !== undefined) {
    const { code, message, rule, compared } = refusal;
    parts.push(described({ code, message }));
    if (rule !== undefined) parts.push(ruleText(rule));
    if (Object.keys(compared).length > 0) parts.push(`Compared\n${described(compared)}`);
  }
  const shown = new Set<string>();
  for (const record of records) {
    parts.push(recordText(record));
    // A rule's text is printed where the rule first occurs: most records of a batch go by the same rule.
    if (!shown.has(record.rule.id)) parts.push(indented(ruleText(record.rule)));
    shown.add(record.rule.id);
  }
  return parts.join("\n\n");
}

function recordText({ record, outcome, meteringRecordId, sent, rule, ...more }: RecordExplanation): string {
  const lines = [`Usage record ${record}: ${outcome} (Rule ${rule.id})`];
  if (meteringRecordId !== undefined) lines.push(indented(`metering record ${meteringRecordId}`));
  lines.push(indented(`sent\n${described(sent)}`));
  if (more.kept !== undefined) lines.push(indented(`kept\n${described(more.kept)}`));
  else if (Object.keys(more.compared).length > 0) lines.push(indented(`compared\n${described(more.compared)}`));
  if (more.agreements !== undefined && more.agreements.length > 0) {
    lines.push(indented(described({ agreements: more.agreements })));
  }
  if (more.hint !== undefined) lines.push(indented(more.hint));
  return lines.join("\n");
}

function ruleText({ id, text, source, reading }: Rule): string {
  return [
    `Rule ${id}: ${text}`,
    `  Source: ${source}.`,
    ...(reading === undefined ? [] : [`  Reading: ${reading}`]),
  ].join("\n");
}

function described(members: object): string {
  return indented(describe(members));
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
