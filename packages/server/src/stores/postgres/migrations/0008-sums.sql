-- Sums of all entries (ledger/sums), those included that have expired. They are added up beside the groups, lane by lane, and can be
-- made anew: from what stands here of expired entries, and the entries that are there. They are small, and on one machine.
-- What was used in each hour of a day (UTC) stands in a column of its own; null where nothing was.
CREATE TABLE countinghouse.usage_sum (
  day       integer          NOT NULL,
  product   text COLLATE "C" NOT NULL,
  customer  text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  region    text COLLATE "C" NOT NULL,
  kind      smallint         NOT NULL,
  last_ms   bigint           NOT NULL,
  h0 bigint, h1 bigint, h2 bigint, h3 bigint, h4 bigint, h5 bigint, h6 bigint, h7 bigint, h8 bigint, h9 bigint, h10 bigint,
  h11 bigint, h12 bigint, h13 bigint, h14 bigint, h15 bigint, h16 bigint, h17 bigint, h18 bigint, h19 bigint, h20 bigint,
  h21 bigint, h22 bigint, h23 bigint,
  PRIMARY KEY (day, product, customer, dimension, region, kind)
);
CREATE TABLE countinghouse.tally (
  day       integer          NOT NULL,
  about     text COLLATE "C" NOT NULL,
  product   text COLLATE "C" NOT NULL,
  customer  text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  detail    text COLLATE "C" NOT NULL,
  calls     bigint           NOT NULL,
  records   bigint           NOT NULL,
  units     bigint           NOT NULL,
  PRIMARY KEY (day, about, product, customer, dimension, detail)
);
-- The newest entry of each lane that is in the sums.
CREATE TABLE countinghouse.sum_position (
  lane integer PRIMARY KEY,
  seq  bigint  NOT NULL
);
-- One row: whether the sums have been begun, and since when they are complete, where entries expired before any were kept.
CREATE TABLE countinghouse.sums (
  id                integer PRIMARY KEY,
  is_begun          boolean NOT NULL,
  complete_since_ms bigint
);
-- What entries that have expired add to the sums: it is put here by the transaction that removes them.
CREATE TABLE countinghouse.expired_usage (
  day       integer          NOT NULL,
  product   text COLLATE "C" NOT NULL,
  customer  text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  region    text COLLATE "C" NOT NULL,
  kind      smallint         NOT NULL,
  last_ms   bigint           NOT NULL,
  h0 bigint, h1 bigint, h2 bigint, h3 bigint, h4 bigint, h5 bigint, h6 bigint, h7 bigint, h8 bigint, h9 bigint, h10 bigint,
  h11 bigint, h12 bigint, h13 bigint, h14 bigint, h15 bigint, h16 bigint, h17 bigint, h18 bigint, h19 bigint, h20 bigint,
  h21 bigint, h22 bigint, h23 bigint,
  PRIMARY KEY (day, product, customer, dimension, region, kind)
);
CREATE TABLE countinghouse.expired_tally (
  day       integer          NOT NULL,
  about     text COLLATE "C" NOT NULL,
  product   text COLLATE "C" NOT NULL,
  customer  text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  detail    text COLLATE "C" NOT NULL,
  calls     bigint           NOT NULL,
  records   bigint           NOT NULL,
  units     bigint           NOT NULL,
  PRIMARY KEY (day, about, product, customer, dimension, detail)
);
-- Servers of before would remove entries and leave nothing here, so none may be connected; and one that has only lost its
-- connections, and comes back, finds no column of the name it knows when it removes any.
ALTER TABLE countinghouse.lane RENAME COLUMN has_expired TO any_expired;
