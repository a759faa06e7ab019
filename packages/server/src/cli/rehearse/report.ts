/** A rehearsal as text for people, and as JUnit for CI. */
import { printable } from "../output.ts";
import type { Rehearsal, Step, Verdict } from "./step.ts";

const WORDS: Readonly<Record<Verdict, string>> = { pass: "pass    ", fail: "FAIL    ", "not-seen": "not seen" };

export function rehearsalText({ productCode, customerAccountId, steps }: Rehearsal): string {
  const count = (verdict: Verdict): number => steps.filter((step) => step.verdict === verdict).length;
  return [
    `Rehearsal of product ${productCode}${customerAccountId === undefined ? "" : ` with customer ${customerAccountId}`}`,
    "",
    ...steps.map(({ verdict, title, saw }) => `${WORDS[verdict]}  ${title}\n          ${saw}`),
    "",
    `${count("pass")} passed, ${count("fail")} failed, ${count("not-seen")} not seen.`,
  ].join("\n");
}

/** One suite; a step that failed is a failure, one that was not seen is skipped. */
export function rehearsalJunit({ productCode, steps }: Rehearsal): string {
  const count = (verdict: Verdict): number => steps.filter((step) => step.verdict === verdict).length;
  const head = `<testsuite name="${escaped(`rehearsal of ${productCode}`)}" tests="${steps.length}" failures="${count("fail")}" skipped="${count("not-seen")}">`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...steps.map(junitCase), "</testsuite>", ""].join("\n");
}

function junitCase({ id, title, verdict, saw }: Step): string {
  const outcome = {
    pass: `<system-out>${escaped(saw)}</system-out>`,
    fail: `<failure message="${escaped(saw)}"/>`,
    "not-seen": `<skipped message="${escaped(saw)}"/>`,
  }[verdict];
  return `  <testcase classname="${escaped(id)}" name="${escaped(title)}">${outcome}</testcase>`;
}

function escaped(text: string): string {
  const named: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return printable(text).replaceAll(/[&<>"]/g, (character) => named[character] ?? "");
}
