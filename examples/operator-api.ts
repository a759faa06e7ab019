/**
 * Prints what each customer has used of each product, which it reads through the operator API.
 *
 *   npm start (in one terminal)
 *   npm run example:operator (in another)
 *
 * The server's address and token come from the environment, or from the file of a server that runs on this folder.
 */
import { readFileSync } from "node:fs";
import { OperatorProblemError, operatorClient, type MeteringRecord } from "countinghouse/operator";

const operator = operatorClient({
  endpoint: process.env["COUNTINGHOUSE_OPERATOR_URL"] ?? local("operatorUrl"),
  token: process.env["COUNTINGHOUSE_OPERATOR_TOKEN"] ?? local("operatorToken"),
});

// All pages of a list, one after the other.
const used = new Map<string, number>();
for await (const record of operator.items("GET /metering-records", { query: { to: new Date().toISOString() } })) {
  const what = `${customerOf(record)} ${record.productCode} ${record.dimension}`;
  used.set(what, (used.get(what) ?? 0) + record.quantity);
}
for (const [what, quantity] of used) console.log(`${what}: ${quantity}`);

// Reads one object; a missing one is a problem with a status.
try {
  const { status, startsAt } = await operator.call("GET /agreements/{id}", { params: { id: "agmt-demo1" } });
  console.log(`agmt-demo1 is ${status}, since ${startsAt}`);
} catch (error) {
  if (!(error instanceof OperatorProblemError) || error.status !== 404) throw error;
  console.log(error.detail);
}

function customerOf({ customerIdentifier, customerAccountId = "" }: MeteringRecord): string {
  return customerIdentifier ?? customerAccountId;
}

function local(member: "operatorUrl" | "operatorToken"): string {
  const run = JSON.parse(readFileSync("countinghouse-data/server.json", "utf8")) as Record<string, string>;
  return run[member] ?? "";
}
