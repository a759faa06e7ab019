-- Rows of metering records get what is summed, so that sums by hour need not read entries: the quantity, and numbers made of texts
-- (keys.ts says how) for the product, the customer, the dimension and the region. The table is written anew from the entries
-- (0007-records-for-sums.ts), which are complete. Servers of before cannot write into it, so none may be connected.
CREATE TABLE countinghouse.metering_record_with_sums (
  hour            bigint   NOT NULL,
  key             uuid     NOT NULL,
  -- The metering record's id, which is the request id of its entry and its position in it (ledger/ids.ts).
  id              uuid     NOT NULL,
  shard_key       bigint   NOT NULL,
  -- The entry's own, where that is another than the record's.
  entry_shard_key bigint,
  quantity        bigint   NOT NULL,
  -- Where the shard key is not already its number: a record with a licence ARN.
  product         bigint,
  customer        bigint   NOT NULL,
  dimension       bigint   NOT NULL,
  region          integer  NOT NULL,
  -- What the quantity is: 0 units, 1 seconds, 2 seconds that an adjustment adds; 3 nothing, since the row is only another way to
  -- find a record.
  kind            smallint NOT NULL
);
