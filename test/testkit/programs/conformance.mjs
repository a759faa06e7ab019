/** The suite under `node:test`: of a client that knows ResolveCustomer only, right or, told so, wrong. */
import process from "node:process";
import { describe, test } from "node:test";
import { MarketplaceMeteringClient, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { describeConformance } from "countinghouse/testkit";

const isWrong = process.argv[2] === "wrong";

async function resolveCustomer({ input, endpoint, region, credentials }) {
  const client = new MarketplaceMeteringClient({ endpoint, region, credentials });
  try {
    const output = await client.send(new ResolveCustomerCommand(input));
    return { output: isWrong ? { ...output, ProductCode: "another" } : output };
  } catch ({ name, message }) {
    return { error: { name, message } };
  } finally {
    client.destroy();
  }
}

describeConformance(resolveCustomer, { describe, test, operations: ["ResolveCustomer"] });
