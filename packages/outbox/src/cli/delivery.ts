/** `deliver`, `flush`. */
import type { Command } from "commander";
import type { DeliveryReport } from "../deliver/run.ts";
import { AtRisk, print, printJson } from "./output.ts";
import { withDelivery } from "./opening.ts";

export function addDelivery(program: Command): void {
  program
    .command("deliver")
    .description("close the hours that are due, send what is due, and end")
    .option("--dry-run", "print the bodies that would go out, one a line; mark nothing")
    .option("--json", "as JSON")
    .action((options: { readonly dryRun?: true; readonly json?: true }, command: Command) =>
      withDelivery(command, async (outbox) => {
        if (options.dryRun !== true) return tell(await outbox.deliverDue(), options.json);
        const { calls, heldBack } = await outbox.dryRun();
        for (const body of calls) process.stdout.write(`${body}\n`);
        if (heldBack !== undefined) process.stderr.write(`Nothing is closed: ${heldBack}.\n`);
      }),
    );
  program
    .command("flush")
    .argument("<customer>", "a licence ARN, an account or a customer identifier whose binding has ended")
    .description("close and send the hours of a customer who has left at once")
    .option("--json", "as JSON")
    .action((flush: string, options: { readonly json?: true }, command: Command) =>
      withDelivery(command, async (outbox) => tell(await outbox.deliverDue({ flush }), options.json)),
    );
}

function tell(report: DeliveryReport, json: true | undefined): void {
  const { settled, calls, stoppedBy, heldBack } = report;
  const error = stoppedBy === undefined ? undefined : { name: stoppedBy.name, message: stoppedBy.message };
  if (json === true) printJson({ settled, calls, stoppedBy: error, heldBack });
  else {
    const counts = Object.entries(settled).map(([state, count]) => `${count} ${state}`);
    print(`${calls} calls: ${counts.join(", ") || "nothing was due"}.`);
    if (heldBack !== undefined) print(`Nothing is closed: ${heldBack}.`);
  }
  if (stoppedBy !== undefined) throw stoppedBy;
  const { refused = 0, expired = 0, doubtful = 0, held = 0 } = settled;
  if (refused + expired + doubtful + held > 0 || heldBack !== undefined) throw new AtRisk();
}
