/** `countinghouse records`: the metering records that the ledger holds. */
import type { Command } from "commander";
import { countArgument, timeArgument } from "./arguments.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { MeteringRecord } from "../operator/contract/ledger/metering.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { printTable, type Columns } from "./output.ts";

interface ListFlags extends ConnectionFlags {
  readonly product?: string;
  readonly customerAccount?: string;
  readonly dimension?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

const COLUMNS: Columns<MeteringRecord> = {
  hour: ({ hour }) => hour,
  productCode: ({ productCode }) => productCode,
  customer: ({ customerIdentifier, customerAccountId }) => customerIdentifier ?? customerAccountId,
  dimension: ({ dimension }) => dimension,
  quantity: ({ quantity }) => quantity,
  recordedAt: ({ recordedAt }) => recordedAt,
  meteringRecordId: ({ meteringRecordId }) => meteringRecordId,
};

/** So many records fit into memory before they are printed. */
const LIMIT_MAX = 1_000_000;

export function addRecords(program: Command): void {
  const group = program.command("records").description("Metering records: usage that was accepted, once per key");
  const list = group
    .command("list")
    .description("List metering records by hour, oldest first")
    .option("--product <code>", "of this product only")
    .option("--customer-account <id>", "of this customer only, however records name him")
    .option("--dimension <name>", "of this dimension only")
    .option("--from <time>", "from the hour in which this time lies", timeArgument)
    .option("--to <time>", "only hours that begin before this time", timeArgument)
    .option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 1_000);
  withConnection(list).action(async (flags: ListFlags) => {
    const { product, customerAccount, dimension, from, to, limit } = flags;
    const query: RequestTo<"GET /metering-records">["query"] = {
      productCode: product,
      customerAccountId: customerAccount,
      dimension,
      from,
      to,
    };
    const { items, more } = await connect(flags).first("GET /metering-records", limit, { query });
    printTable(flags, items, COLUMNS);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}
