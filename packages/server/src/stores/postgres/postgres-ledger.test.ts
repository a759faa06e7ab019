import { test } from "vitest";
import { whyNoPostgres } from "../../../../../test/support/postgres/database.ts";
import { ledgerContract } from "../../../testing/contract/ledger-contract.ts";
import { ledgerInPostgres } from "../../../testing/postgres-ledger.ts";

const reason = whyNoPostgres();

if (reason === undefined) {
  ledgerContract("in PostgreSQL, written by one connection", (setup) => ledgerInPostgres(setup, 1));
  ledgerContract("in PostgreSQL, written by several connections", (setup) => ledgerInPostgres(setup, 4));
} else {
  process.stdout.write(`skipped: the contract on PostgreSQL, which cannot run: ${reason}\n`);
  test.skip("a ledger kept in PostgreSQL", () => undefined);
}
