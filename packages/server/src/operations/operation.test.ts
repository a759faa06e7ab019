import { expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { rejection } from "../domain/rejection.ts";
import { recordRefusal } from "./operation.ts";

const message = (characters: number): string => "x".repeat(characters);

test("a refusal is answered whole; of a long text its beginning is kept", async () => {
  const store = await ledgerInMemory();
  const kept = async (characters: number): Promise<unknown> => {
    const rejected = rejection("ThrottlingException", "Q1", message(characters), { record: 1 });
    expect(await recordRefusal(store.ledger, newCall(), rejected, undefined)).toEqual({ rejected });
    const { items } = await store.ledger.events({ order: "newest", limit: 1 });
    return items[0]?.event;
  };
  const event = { kind: "call-refused", code: "ThrottlingException", rule: "Q1", compared: { record: 1 } };
  expect(await kept(2_048)).toEqual({ ...event, message: message(2_048) });
  expect(await kept(2_049)).toEqual({ ...event, message: `${message(2_048)}…` });
  await store.remove();
});
