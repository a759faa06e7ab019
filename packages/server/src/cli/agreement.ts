/** `countinghouse agreement`: which customer has which product, from when until when. */
import { Option, type Command } from "commander";
import { countArgument, timeArgument } from "./arguments.ts";
import {
  addCatalogueGroup,
  addFromFile,
  addOne,
  FILE_DESCRIPTION,
  FILE_FLAG,
  type AddFlags,
  type CatalogueKind,
} from "./catalogue-group.ts";
import type { RequestTo } from "../operator/client/requests.ts";
import type { Agreement } from "../operator/contract/catalogue/agreement.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import type { AgreementLifeEvent } from "../operator/contract/ledger/history.ts";
import { print, printTable } from "./output.ts";

interface AddAgreementFlags extends AddFlags {
  readonly id?: string;
  readonly product?: string;
  readonly customerAccount?: string;
  readonly customerIdentifier?: string;
  readonly licenseArn?: string;
  readonly replaces?: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
}

type Document = RequestTo<"POST /agreements">["body"];

const AGREEMENT: CatalogueKind<Agreement, Document> = {
  noun: "agreement",
  list: (client, max) => client.first("GET /agreements", max),
  show: (client, id) => client.call("GET /agreements/{id}", { params: { id } }),
  add: (client, body) => client.call("POST /agreements", { body }),
  change: (client, id, members) => client.call("PATCH /agreements/{id}", { params: { id }, body: { ...members } }),
  description: "Agreements: which customer has which product, from when until when",
  idOf: ({ agreementId }) => agreementId,
  columns: {
    agreementId: ({ agreementId }) => agreementId,
    productCode: ({ productCode }) => productCode,
    customerAccountId: ({ customerAccountId }) => customerAccountId,
    customerIdentifier: ({ customerIdentifier }) => customerIdentifier,
    startsAt: ({ startsAt }) => startsAt,
    endsAt: ({ endsAt }) => endsAt,
    status: ({ status }) => status,
    licenseArn: ({ licenseArn }) => licenseArn,
  },
};

const BY_FLAGS = [
  "id",
  "product",
  "customerAccount",
  "customerIdentifier",
  "licenseArn",
  "replaces",
  "startsAt",
  "endsAt",
] as const satisfies readonly (keyof AddAgreementFlags)[];

/** The actions on an agreement, and the message after each. */
const ACTIONS = {
  cancel: {
    route: "POST /agreements/{id}/cancel",
    description: "Cancel an agreement for good; final records are accepted for one hour",
    done: ({ agreementId, cancelledAt }: Agreement) =>
      `Cancelled agreement ${agreementId} at ${cancelledAt}; final records are accepted for one hour from then.`,
  },
  suspend: {
    route: "POST /agreements/{id}/suspend",
    description: "Suspend an agreement: its customer's records are CustomerNotSubscribed until it is resumed",
    done: ({ agreementId }: Agreement) => `Suspended agreement ${agreementId}.`,
  },
  resume: {
    route: "POST /agreements/{id}/resume",
    description: "Resume a suspended agreement",
    done: ({ agreementId, status }: Agreement) => `Resumed agreement ${agreementId}; it is ${status}.`,
  },
} as const;

export function addAgreement(program: Command): void {
  const group = addCatalogueGroup(program, AGREEMENT);
  addAddCommand(group);
  for (const [action, { route, description, done }] of Object.entries(ACTIONS)) {
    withConnection(group.command(`${action} <id>`).description(description)).action(
      async (id: string, flags: ConnectionFlags) => {
        const shown = await connect(flags).call(route, { params: { id } });
        print(flags, shown, done(shown));
      },
    );
  }
  addHistory(group);
}

/** How many items are held in memory before they are printed. */
const HISTORY_MAX = 10_000;

function addHistory(group: Command): void {
  const history = group
    .command("history <id>")
    .description("What happened to an agreement, newest first")
    .option("--limit <n>", "at most so many", countArgument(HISTORY_MAX), 100);
  withConnection(history).action(async (id: string, flags: ConnectionFlags & { readonly limit: number }) => {
    const { items, more } = await connect(flags).first("GET /agreements/{id}/history", flags.limit, { params: { id } });
    const columns = {
      at: ({ at }: AgreementLifeEvent) => at,
      what: ({ what }: AgreementLifeEvent) => what,
      changed: changesOf,
      principal: ({ principal }: AgreementLifeEvent) => principal,
      operation: ({ operation }: AgreementLifeEvent) => operation,
      requestId: ({ requestId }: AgreementLifeEvent) => requestId,
    };
    printTable(flags, items, columns);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}

/** `endsAt: 2027-01-01T00:00:00.000Z -> -`, one behind the other. */
function changesOf({ changed = [] }: AgreementLifeEvent): string {
  return changed.map(({ member, from, to }) => `${member}: ${valueText(from)} -> ${valueText(to)}`).join(", ");
}

function valueText(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function addAddCommand(group: Command): void {
  const add = group
    .command("add")
    .description("Add an agreement by flags, or agreements from a file, written as in a catalogue file")
    .addOption(new Option(FILE_FLAG, FILE_DESCRIPTION).conflicts([...BY_FLAGS]))
    .option("--id <id>", "name of the agreement")
    .option("--product <code>", "product code")
    .option("--customer-account <id>", "account of the customer, twelve digits")
    .option("--customer-identifier <name>", "identifier of the customer; none for products of the new style")
    .option("--license-arn <arn>", "ARN of the licence")
    .option("--replaces <id>", "agreement that it goes on with, under these names, from its start on")
    .option(
      "--starts-at <time>",
      "when it begins (default: now, by the service clock; where it replaces another, the next hour that can)",
      timeArgument,
    )
    .option("--ends-at <time>", "when it ends (default: never)", timeArgument);
  withConnection(add).action(async (flags: AddAgreementFlags) => {
    if (flags.file !== undefined) return addFromFile(AGREEMENT, flags.file, flags);
    const { id, product, customerAccount, customerIdentifier, licenseArn, replaces, endsAt } = flags;
    if (id === undefined || product === undefined || customerAccount === undefined) {
      const message = "agreement add needs --id, --product and --customer-account, or --file.";
      throw new CommandError(message, EXIT.usage);
    }
    const client = connect(flags);
    const now = async (): Promise<string> => (await client.call("GET /clock")).now;
    const startsAt = flags.startsAt ?? (replaces === undefined ? await now() : undefined);
    const document: Document = {
      agreementId: id,
      productCode: product,
      customerAccountId: customerAccount,
      customerIdentifier,
      licenseArn,
      replaces,
      startsAt,
      endsAt,
    };
    return addOne(AGREEMENT, client, document, flags);
  });
}
