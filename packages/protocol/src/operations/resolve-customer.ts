/** ResolveCustomer: a seller resolves a buyer's registration token to the customer. */
import { meteringService } from "../service.ts";
import { operationNames, type Operation } from "./operation.ts";

export interface ResolveCustomerInput {
  readonly registrationToken: string;
}

export interface ResolveCustomerOutput {
  /** Absent for products of the newer kind, whose customers are known by account and licence only. */
  readonly customerIdentifier?: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  readonly licenseArn?: string;
}

export const resolveCustomer: Operation<ResolveCustomerInput, ResolveCustomerOutput> = {
  ...operationNames(meteringService, "ResolveCustomer"),
  summary: "A seller turns a registration token into the customer that it stands for.",
  caller: "account",
  readOnly: false,
  refuses: ["T2", "T3", "P2", "T1"],
  input: {
    kind: "structure",
    name: "ResolveCustomerRequest",
    members: {
      registrationToken: {
        wire: "RegistrationToken",
        required: true,
        shape: { kind: "string", pattern: "[\\s\\S]+", sensitive: true },
      },
    },
  },
  output: {
    kind: "structure",
    name: "ResolveCustomerResult",
    members: {
      customerIdentifier: { wire: "CustomerIdentifier", shape: { kind: "string" } },
      productCode: { wire: "ProductCode", shape: { kind: "string" } },
      customerAccountId: { wire: "CustomerAWSAccountId", shape: { kind: "string" } },
      licenseArn: { wire: "LicenseArn", shape: { kind: "string" } },
    },
  },
};
