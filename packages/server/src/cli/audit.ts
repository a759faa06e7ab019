/** `countinghouse audit`: the audit trail. */
import type { Command } from "commander";
import { addAuditVerify } from "./audit-verify.ts";

export function addAudit(program: Command): void {
  const group = program.command("audit").description("The audit trail: every call and every change");
  addAuditVerify(group);
}
