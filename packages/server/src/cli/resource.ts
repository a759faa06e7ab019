/** `countinghouse resource`: the instances, tasks and pods that run products on buyers' accounts. */
import { Option, type Command } from "commander";
import { countArgument, timeArgument } from "./arguments.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { Resource } from "../operator/contract/resources.ts";
import { PLATFORMS } from "../operator/contract/values.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { OF_HOURS, withTimes, type TimeFlags } from "./filter-flags.ts";
import { describe, print, printTable, table, type Columns } from "./output.ts";

interface ListFlags extends ConnectionFlags {
  readonly platform?: Resource["platform"];
  readonly account?: string;
  readonly product?: string;
  readonly live?: boolean;
  readonly ended?: boolean;
  readonly limit: number;
}

interface AddFlags extends ConnectionFlags {
  readonly platform: Resource["platform"];
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly role?: string;
  readonly startedAt?: string;
}

const COLUMNS: Columns<Resource> = {
  resourceId: ({ resourceId }) => resourceId,
  externalId: ({ externalId }) => externalId,
  accountId: ({ accountId }) => accountId,
  region: ({ region }) => region,
  startedAt: ({ startedAt }) => startedAt,
  stoppedAt: ({ stoppedAt }) => stoppedAt,
  products: ({ registrations }) => registrations.map(({ productCode }) => productCode),
};

/** So many resources fit into memory before they are printed. */
const LIMIT_MAX = 100_000;

export function addResource(program: Command): void {
  const group = program
    .command("resource")
    .description("Metered resources: instances, tasks and pods that meter themselves");
  addList(group);
  withConnection(group.command("show <resource-id>").description("Show one resource")).action(
    async (id: string, flags: ConnectionFlags) => {
      const shown = await connect(flags).call("GET /resources/{id}", { params: { id } });
      print(flags, shown, describe(shown));
    },
  );
  addUse(group);
  addAdd(group);
  const stop = group
    .command("stop <resource-id>")
    .description("Tell that a resource has ended")
    .option("--stopped-at <time>", "when (default: now, by the service clock)", timeArgument);
  withConnection(stop).action(async (id: string, flags: ConnectionFlags & { readonly stoppedAt?: string }) => {
    const stopped = await connect(flags).call("POST /resources/{id}/stop", {
      params: { id },
      body: { stoppedAt: flags.stoppedAt },
    });
    print(flags, stopped, `Resource ${id} ended at ${stopped.stoppedAt}.`);
  });
}

function addList(group: Command): void {
  const list = group
    .command("list")
    .description("List resources that run, or ended in the last 35 days")
    .addOption(new Option("--platform <platform>", "of this one only").choices(PLATFORMS))
    .option("--account <id>", "of this buyer only")
    .option("--product <code>", "only those that have registered this product")
    .addOption(new Option("--live", "only those that run").conflicts("ended"))
    .option("--ended", "only those that have ended")
    .option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 1_000);
  withConnection(list).action(async (flags: ListFlags) => {
    const { platform, account, product, limit } = flags;
    const live = flags.live === true ? "true" : flags.ended === true ? "false" : undefined;
    const query: RequestTo<"GET /resources">["query"] = { platform, accountId: account, productCode: product, live };
    const { items, more } = await connect(flags).first("GET /resources", limit, { query });
    printTable(flags, items, COLUMNS);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}

interface UseFlags extends ConnectionFlags, TimeFlags {}

function addUse(group: Command): void {
  const use = group
    .command("use <resource-id>")
    .description("What a resource has used, hour by hour (default: the last day)");
  withConnection(withTimes(use, OF_HOURS)).action(async (id: string, flags: UseFlags) => {
    const { from, until } = flags;
    const found = await connect(flags).call("GET /resources/{id}/use", { params: { id }, query: { from, to: until } });
    const seconds = table(
      {
        hour: ({ hour }) => hour,
        productCode: ({ productCode }) => productCode,
        dimension: ({ dimension }) => dimension,
        seconds: (item) => item.seconds,
        final: ({ final }) => final,
      },
      found.hours,
    );
    const parts = found.units.length === 0 ? [seconds] : [seconds, describe({ units: found.units })];
    print(flags, found, parts.join("\n\n"));
  });
}

function addAdd(group: Command): void {
  const add = group
    .command("add")
    .description("Tell that a resource runs; prints the environment that its programs need")
    .addOption(new Option("--platform <platform>", "what it runs on").choices(PLATFORMS).makeOptionMandatory())
    .requiredOption("--id <id>", "instance id, task ARN or pod uid")
    .requiredOption("--account <id>", "the buyer's account, which it runs in")
    .requiredOption("--region <region>", "which it runs in")
    .option("--role <name>", "role of that account whose permissions its credentials have")
    .option("--started-at <time>", "when (default: now, by the service clock)", timeArgument);
  withConnection(add).action(async (flags: AddFlags) => {
    const { platform, id, account, region, role, startedAt } = flags;
    const body: RequestTo<"POST /resources">["body"] = {
      platform,
      externalId: id,
      accountId: account,
      region,
      roleName: role,
      startedAt,
    };
    const added = await connect(flags).call("POST /resources", { body });
    const { credentials } = added;
    print(flags, added, `Resource ${added.resourceId} runs. Its programs need:\n${describe(credentials)}`);
  });
}
