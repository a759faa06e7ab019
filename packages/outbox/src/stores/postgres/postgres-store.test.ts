import { afterAll, beforeAll } from "vitest";
import { storeContract } from "../../../testing/store-contract.ts";
import { outboxesInPostgres, type OutboxesInPostgres } from "../../../testing/postgres-outboxes.ts";

let outboxes: OutboxesInPostgres;
beforeAll(async () => {
  outboxes = await outboxesInPostgres();
});
afterAll(() => outboxes.remove());

storeContract("in PostgreSQL", () => outboxes.make());

// The role that `init --worker-role` makes a worker of: the owner of the schema may do everything, and so hides a right that lacks.
storeContract("in PostgreSQL, by a role of its own", () => outboxes.makeForWorker());
