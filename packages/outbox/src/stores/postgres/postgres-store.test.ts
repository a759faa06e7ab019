import { afterAll, beforeAll } from "vitest";
import { storeContract } from "../../../testing/store-contract.ts";
import { outboxesInPostgres, type OutboxesInPostgres } from "../../../testing/postgres-outboxes.ts";

let outboxes: OutboxesInPostgres;
beforeAll(async () => {
  outboxes = await outboxesInPostgres();
});
afterAll(() => outboxes.remove());

storeContract("in PostgreSQL", () => outboxes.make());
