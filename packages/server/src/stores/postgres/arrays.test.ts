/** PostgreSQL reads the arrays that arrays.ts writes as the same values. */
import { expect, onTestFinished } from "vitest";
import { Client } from "pg";
import { newDatabase, testOfPostgres } from "../../../../../test/support/postgres/database.ts";
import { bigints, byteas, texts, uuids } from "./arrays.ts";

const test = testOfPostgres();

const ID = "0190a0b0-c0d0-7e0f-8123-456789abcdef";

test("PostgreSQL reads every kind of array, without elements, with nulls, and at its bounds", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const read = async (type: string, array: Buffer): Promise<unknown> =>
    (await client.query<{ read: unknown }>(`SELECT $1::${type}[]::text[] AS read`, [array])).rows[0]?.read;
  const ends = [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n];
  expect(await read("bigint", bigints([...ends, null]))).toEqual([...ends.map(String), null]);
  expect(await read("bigint", bigints([null, null]))).toEqual([null, null]);
  expect(await read("uuid", uuids([ID, ID.replaceAll("-", "")]))).toEqual([ID, ID]);
  const odd = ["", 'a"b\\c', "{é,NULL}", "NULL", "\u{1F4C8}", null];
  expect(await read("text", texts(odd))).toEqual(odd);
  expect(await read("bytea", byteas([Buffer.of(), Buffer.of(0, 255)]))).toEqual(["\\x", "\\x00ff"]);
  for (const [type, none] of Object.entries({ bigint: bigints([]), uuid: uuids([]), text: texts([]) })) {
    expect(await read(type, none), type).toEqual([]);
  }
  await client.end();
});
