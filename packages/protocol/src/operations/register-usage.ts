/** RegisterUsage: a paid container asks for its entitlement once, and its metering begins. */
import { meteringService } from "../service.ts";
import type { EpochMs } from "../shapes.ts";
import { operationNames, type Operation } from "./operation.ts";
import { productCodeShape } from "./usage-record.ts";

export interface RegisterUsageInput {
  readonly productCode: string;
  readonly publicKeyVersion: number;
  readonly nonce?: string;
}

export interface RegisterUsageOutput {
  readonly publicKeyRotationTimestampMs?: EpochMs;
  readonly signature?: string;
}

export const registerUsage: Operation<RegisterUsageInput, RegisterUsageOutput> = {
  ...operationNames(meteringService, "RegisterUsage"),
  summary: "A task or pod asks whether its account has the product, and is metered by the hour from then on.",
  caller: "resource",
  readOnly: false,
  quota: { requestsPerSecond: 5, rule: "Q3" },
  refuses: ["X2", "Y1", "Y2", "P2", "Y3", "Y4"],
  input: {
    kind: "structure",
    name: "RegisterUsageRequest",
    members: {
      productCode: { wire: "ProductCode", required: true, shape: productCodeShape },
      publicKeyVersion: {
        wire: "PublicKeyVersion",
        required: true,
        shape: { kind: "integer", min: 1, max: 2_147_483_647 },
      },
      nonce: { wire: "Nonce", shape: { kind: "string", lengthMax: 255 } },
    },
  },
  output: {
    kind: "structure",
    name: "RegisterUsageResult",
    members: {
      publicKeyRotationTimestampMs: { wire: "PublicKeyRotationTimestamp", shape: { kind: "timestamp" } },
      signature: { wire: "Signature", shape: { kind: "string" } },
    },
  },
};
