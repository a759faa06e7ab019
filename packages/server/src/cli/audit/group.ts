/** `countinghouse audit`: who did what, as a list, live, and as files; and whether the trail is as it was written. */
import type { Command } from "commander";
import { addExport } from "./export.ts";
import { addImport } from "./import.ts";
import { addSearch } from "./search.ts";
import { addTail } from "./tail.ts";
import { addVerify } from "./verify.ts";

export function addAudit(program: Command): void {
  const group = program
    .command("audit")
    .description("The audit trail: every call and every change, and what came of it");
  addSearch(group);
  addTail(group);
  addExport(group);
  addImport(group);
  addVerify(group);
}
