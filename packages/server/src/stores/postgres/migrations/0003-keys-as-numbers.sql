-- Long texts leave the rows and indexes that every record has. `shard_key` stands for the offering, and is the column by
-- which rows can be distributed; `key` stands for a metering record's whole key (keys.ts says how both are made).
-- Servers of before cannot write into these tables, so none may be connected.
ALTER TABLE countinghouse.entry DROP CONSTRAINT entry_pkey;
DROP INDEX countinghouse.entry_request_id;
ALTER TABLE countinghouse.entry ALTER COLUMN offering TYPE bigint
  USING ('x' || encode(substring(sha256(convert_to(offering, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint;
ALTER TABLE countinghouse.entry RENAME COLUMN offering TO shard_key;
-- Request ids begin with their time, so this grows at its end; an entry is looked up by its request id alone as well.
ALTER TABLE countinghouse.entry ADD PRIMARY KEY (request_id, shard_key);

ALTER TABLE countinghouse.metering_record RENAME TO metering_record_of_texts;
ALTER TABLE countinghouse.metering_record_of_texts RENAME CONSTRAINT metering_record_pkey TO of_texts_pkey;
-- What is kept under the key of each accepted usage record. Hour first: new rows stay in the hot end of the tree.
CREATE TABLE countinghouse.metering_record (
  hour            bigint NOT NULL,
  key             uuid   NOT NULL,
  -- The metering record's id, which is the request id of its entry and its position in it (ledger/ids.ts).
  id              uuid   NOT NULL,
  shard_key       bigint NOT NULL,
  -- The entry's own, where that is another than the record's.
  entry_shard_key bigint
);
INSERT INTO countinghouse.metering_record
SELECT hour,
  encode(substring(sha256(convert_to(customer, 'UTF8')) FOR 4) || substring(sha256(convert_to(concat_ws(E'\n', hour,
    region, offering, customer, dimension, discriminator), 'UTF8')) FOR 12), 'hex')::uuid,
  (left(request_id::text, 34) || lpad(to_hex(position::integer), 2, '0'))::uuid,
  ('x' || encode(substring(sha256(convert_to(offering, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint,
  ('x' || encode(substring(sha256(convert_to(entry_offering, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint
FROM countinghouse.metering_record_of_texts;
DROP TABLE countinghouse.metering_record_of_texts;
ALTER TABLE countinghouse.metering_record ADD PRIMARY KEY (hour, key, shard_key);
