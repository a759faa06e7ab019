/** `countinghouse records`: the metering records that the ledger holds. */
import type { Command } from "commander";
import { countArgument } from "./arguments.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { MeteringRecord } from "../operator/contract/ledger/metering.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import {
  OF_HOURS,
  usageOf,
  withFormerName,
  withTimes,
  withUsage,
  type TimeFlags,
  type UsageFlags,
} from "./filter-flags.ts";
import { printTable, type Columns } from "./output.ts";

interface ListFlags extends ConnectionFlags, UsageFlags, TimeFlags {
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
  const list = withUsage(group.command("list").description("List metering records by hour, oldest first"));
  withTimes(list, OF_HOURS).option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 1_000);
  withFormerName(list, "--to <time>", "until");
  withConnection(list).action(async (flags: ListFlags) => {
    const { from, until, limit } = flags;
    const query: RequestTo<"GET /metering-records">["query"] = { ...usageOf(flags), from, to: until };
    const { items, more } = await connect(flags).first("GET /metering-records", limit, { query });
    printTable(flags, items, COLUMNS);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}
