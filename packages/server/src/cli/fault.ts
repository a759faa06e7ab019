/** `countinghouse fault`: faults on demand, in a lab. */
import { Option, type Command } from "commander";
import type { Fault, NewFault } from "../operator/contract/faults.ts";
import { FAULT_COUNT_MAX, FAULT_DELAY_MS_MAX, FAULT_KINDS, FAULT_RECORDS_MAX } from "../operator/contract/values.ts";
import { countArgument, shareArgument } from "./arguments.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { print, printTable, type Columns } from "./output.ts";

interface AddFlags extends ConnectionFlags {
  readonly operation: string;
  readonly kind: NewFault["kind"];
  readonly count?: number;
  readonly probability?: number;
  readonly delayMs?: number;
  readonly records?: number;
  readonly product?: string;
  readonly account?: string;
}

const COLUMNS: Columns<Fault> = {
  faultId: ({ faultId }) => faultId,
  operation: ({ operation }) => operation,
  kind: ({ kind }) => kind,
  hits: ({ hits }) => hits,
  remaining: ({ remaining }) => remaining ?? "no end",
  probability: ({ probability }) => probability,
  delayMs: ({ delayMs }) => delayMs,
  records: ({ records }) => records,
  productCode: ({ match }) => match?.productCode,
  accountId: ({ match }) => match?.accountId,
};

/** More than can be in force. */
const LISTED_MAX = 1_000;

const KINDS = `
Kinds:
  throttle        ThrottlingException; nothing is kept but the refusal
  internal-error  InternalServiceErrorException; the same
  unprocessed     records of a BatchMeterUsage request come back in UnprocessedRecords
  delay           the answer comes late (--delay-ms)
  drop-answer     the request is done and durable, then the connection is cut

Hits requests that would have been served, from the next one on. A delay goes with any other kind; of the others,
the first that was added hits. Faults end with a restart and with a reset.`;

export function addFault(program: Command): void {
  const group = program.command("fault").description("Faults on demand: what goes wrong, and for whom (lab only)");
  const add = group
    .command("add")
    .description("Put a fault in force and print its id")
    .requiredOption("--operation <name>", "operation of the wire, such as BatchMeterUsage")
    .addOption(new Option("--kind <kind>", "what goes wrong").choices(FAULT_KINDS).makeOptionMandatory())
    .option("--count <n>", "requests it hits (default: 1; with --probability, no end)", countArgument(FAULT_COUNT_MAX))
    .option("--probability <p>", "share of the requests that it hits; 1 for each of them", shareArgument)
    .option("--delay-ms <ms>", "for delay: how late the answer comes", countArgument(FAULT_DELAY_MS_MAX))
    .option("--records <n>", "for unprocessed: how many, from the end (default: all)", countArgument(FAULT_RECORDS_MAX))
    .option("--product <code>", "only requests for this product")
    .option("--account <id>", "only requests by this account")
    .addHelpText("after", KINDS);
  withConnection(add).action(async (flags: AddFlags) => {
    const { operation, kind, count, probability, delayMs, records, product, account } = flags;
    const match =
      product === undefined && account === undefined ? undefined : { productCode: product, accountId: account };
    const body: NewFault = { operation, kind, count, probability, delayMs, records, match };
    const fault = await connect(flags).call("POST /faults", { body });
    print(flags, fault, fault.faultId);
  });
  withConnection(group.command("list").description("List the faults and how often they hit")).action(
    async (flags: ConnectionFlags) => {
      const { items } = await connect(flags).first("GET /faults", LISTED_MAX);
      printTable(flags, items, COLUMNS);
    },
  );
  withConnection(group.command("clear [fault-id]").description("Take one fault away, or all of them")).action(
    async (faultId: string | undefined, flags: ConnectionFlags) => {
      const client = connect(flags);
      if (faultId === undefined) await client.call("DELETE /faults");
      else await client.call("DELETE /faults/{id}", { params: { id: faultId } });
      const text = faultId === undefined ? "All faults are gone." : `Fault ${faultId} is gone.`;
      print(flags, { cleared: faultId ?? "all" }, text);
    },
  );
}
