/**
 * A paid container, as a seller would build it: it registers its use when it starts, believes only a signed answer, and
 * runs until it is stopped. It knows nothing of who runs it: credentials, region and endpoint come from the environment, as
 * an orchestrator gives them. `container-metering.ts` starts it.
 */
import { randomUUID } from "node:crypto";
import { MarketplaceMeteringClient, RegisterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { importSPKI, jwtVerify } from "jose";

const PRODUCT_CODE = "3abcdefghijklmnopqrstuvwx";
const PUBLIC_KEY_VERSION = 1;
// In a real container, the key is built in; see docs/REGISTER-USAGE.md.
const publicKey = process.env["PUBLIC_KEY"] ?? "";

const client = new MarketplaceMeteringClient();
const nonce = randomUUID();
const { Signature = "" } = await client.send(
  new RegisterUsageCommand({ ProductCode: PRODUCT_CODE, PublicKeyVersion: PUBLIC_KEY_VERSION, Nonce: nonce }),
);
const { payload } = await jwtVerify(Signature, await importSPKI(publicKey, "PS256"), { algorithms: ["PS256"] });
if (payload["nonce"] !== nonce || payload["productCode"] !== PRODUCT_CODE)
  throw new Error("Not an answer to this call.");
process.stdout.write("registered\n");

// Stands for the product's work.
const work = setInterval(() => undefined, 1_000);
process.once("SIGTERM", () => clearInterval(work));
