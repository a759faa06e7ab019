/** `countinghouse agreement`: which customer has which product, from when until when. */
import { Option, type Command } from "commander";
import { timeArgument } from "./arguments.ts";
import {
  addCatalogueGroup,
  addFromFile,
  addOne,
  FILE_DESCRIPTION,
  FILE_FLAG,
  type AddFlags,
  type CatalogueKind,
} from "./catalogue-group.ts";
import { CommandError, EXIT, OperatorClient, withConnection } from "./operator-client.ts";

interface Agreement {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  readonly customerIdentifier?: string;
  readonly licenseArn?: string;
  readonly startsAt: string;
  readonly endsAt?: string;
}

interface AddAgreementFlags extends AddFlags {
  readonly id?: string;
  readonly product?: string;
  readonly customerAccount?: string;
  readonly customerIdentifier?: string;
  readonly licenseArn?: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
}

const AGREEMENT: CatalogueKind<Agreement> = {
  noun: "agreement",
  description: "Agreements: which customer has which product, from when until when",
  idOf: ({ agreementId }) => agreementId,
  columns: {
    agreementId: ({ agreementId }) => agreementId,
    productCode: ({ productCode }) => productCode,
    customerAccountId: ({ customerAccountId }) => customerAccountId,
    customerIdentifier: ({ customerIdentifier }) => customerIdentifier,
    startsAt: ({ startsAt }) => startsAt,
    endsAt: ({ endsAt }) => endsAt,
    licenseArn: ({ licenseArn }) => licenseArn,
  },
};

const BY_FLAGS = [
  "id",
  "product",
  "customerAccount",
  "customerIdentifier",
  "licenseArn",
  "startsAt",
  "endsAt",
] as const satisfies readonly (keyof AddAgreementFlags)[];

export function addAgreement(program: Command): void {
  const group = addCatalogueGroup(program, AGREEMENT);
  const add = group
    .command("add")
    .description("Add an agreement by flags, or agreements from a file, written as in a catalogue file")
    .addOption(new Option(FILE_FLAG, FILE_DESCRIPTION).conflicts([...BY_FLAGS]))
    .option("--id <id>", "name of the agreement")
    .option("--product <code>", "product code")
    .option("--customer-account <id>", "account of the customer, twelve digits")
    .option("--customer-identifier <name>", "identifier of the customer; none for products of the new style")
    .option("--license-arn <arn>", "ARN of the licence")
    .option("--starts-at <time>", "when it begins (default: now, by the service clock)", timeArgument)
    .option("--ends-at <time>", "when it ends (default: never)", timeArgument);
  withConnection(add).action(async (flags: AddAgreementFlags) => {
    if (flags.file !== undefined) return addFromFile(AGREEMENT, flags.file, flags);
    const { id, product, customerAccount, customerIdentifier, licenseArn, endsAt } = flags;
    if (id === undefined || product === undefined || customerAccount === undefined) {
      const message = "agreement add needs --id, --product and --customer-account, or --file.";
      throw new CommandError(message, EXIT.usage);
    }
    const client = new OperatorClient(flags);
    const startsAt = flags.startsAt ?? (await client.call<{ now: string }>("GET", "/clock")).now;
    const document = {
      agreementId: id,
      productCode: product,
      customerAccountId: customerAccount,
      customerIdentifier,
      licenseArn,
      startsAt,
      endsAt,
    };
    return addOne(AGREEMENT, client, document, flags);
  });
}
