-- `offering` (product code or licence ARN) is the column by which rows can be distributed, and part of every unique key
-- of what grows. No triggers, foreign keys or sequences: nothing here stands in the way of that.
CREATE SCHEMA IF NOT EXISTS countinghouse;

-- One row per call or change. `body` is complete in itself (ledger/entry-codec.ts). `lane` and `seq` are its place in the
-- chain of the connection that wrote it, and `link` is its link in that (ledger/chain.ts). The columns beside are what
-- entries are searched for by; null for what a call has not.
CREATE TABLE countinghouse.entry (
  offering   text COLLATE "C" NOT NULL,
  request_id uuid             NOT NULL,
  at_ms      bigint           NOT NULL,
  lane       integer          NOT NULL,
  seq        bigint           NOT NULL,
  link       bytea            NOT NULL,
  operation  text COLLATE "C" NOT NULL,
  principal  text COLLATE "C" NOT NULL,
  account    text COLLATE "C",
  access_key text COLLATE "C",
  product    text COLLATE "C",
  body       text             NOT NULL,
  PRIMARY KEY (offering, request_id)
);
-- Request ids begin with their time, so these grow at their ends.
CREATE INDEX entry_request_id ON countinghouse.entry (request_id);
CREATE INDEX entry_at         ON countinghouse.entry (at_ms, request_id);
CREATE INDEX entry_lane       ON countinghouse.entry (lane, seq);
-- Each search is read in the order of time, and stops when its page is full.
CREATE INDEX entry_operation         ON countinghouse.entry (operation, at_ms, request_id);
CREATE INDEX entry_account           ON countinghouse.entry (account, at_ms, request_id) WHERE account IS NOT NULL;
CREATE INDEX entry_account_operation ON countinghouse.entry (account, operation, at_ms, request_id)
  WHERE account IS NOT NULL;
CREATE INDEX entry_product           ON countinghouse.entry (product, at_ms, request_id) WHERE product IS NOT NULL;
CREATE INDEX entry_access_key        ON countinghouse.entry (access_key, at_ms, request_id) WHERE access_key IS NOT NULL;
CREATE INDEX entry_principal         ON countinghouse.entry (principal, at_ms, request_id);

-- The key of each accepted usage record, and where it stands. Hour first: new rows stay in the hot end of the tree.
CREATE TABLE countinghouse.metering_record (
  hour           bigint           NOT NULL,
  offering       text COLLATE "C" NOT NULL,
  region         text COLLATE "C" NOT NULL,
  customer       text COLLATE "C" NOT NULL,
  dimension      text COLLATE "C" NOT NULL,
  discriminator  text COLLATE "C" NOT NULL,
  quantity       bigint           NOT NULL,
  request_id     uuid             NOT NULL,
  position       smallint         NOT NULL,
  -- The entry's own offering, where that is another than the record's.
  entry_offering text COLLATE "C",
  PRIMARY KEY (hour, offering, region, customer, dimension, discriminator)
);

-- The catalogue as it stands. A removed object that a catalogue file had named keeps its row, without a value.
CREATE TABLE countinghouse.catalogue (
  kind        text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL,
  value       text,
  file_digest text,
  PRIMARY KEY (kind, id)
);

-- Where each chain has come to, and the entry after which it begins: those up to there have expired or went with a reset.
-- A lane is leased by whoever holds its advisory lock, and used again by the next.
CREATE TABLE countinghouse.lane (
  number       integer PRIMARY KEY,
  seq          bigint  NOT NULL,
  link         bytea   NOT NULL,
  newest_at_ms bigint,
  base_seq     bigint  NOT NULL,
  base_link    bytea   NOT NULL,
  has_expired  boolean NOT NULL DEFAULT false
);

-- One row. `version` grows with each change of the catalogue or of where the service clock stands.
CREATE TABLE countinghouse.state (
  id      integer PRIMARY KEY,
  version bigint  NOT NULL,
  clock   text
);
INSERT INTO countinghouse.state (id, version) VALUES (1, 1);
