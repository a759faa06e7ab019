import { ledgerContract } from "../../ledger/ledger-contract.ts";
import { ledgerInPostgres } from "./ledger.fixture.ts";

ledgerContract("in PostgreSQL, written by one connection", (setup) => ledgerInPostgres(setup, 1));
ledgerContract("in PostgreSQL, written by several connections", (setup) => ledgerInPostgres(setup, 4));
