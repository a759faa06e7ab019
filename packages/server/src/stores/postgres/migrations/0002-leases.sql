-- Which node does what only one is to do at a time, and until when it has said so. By the database's clock.
CREATE TABLE countinghouse.lease (
  name     text COLLATE "C" PRIMARY KEY,
  holder   uuid   NOT NULL,
  until_ms bigint NOT NULL
);

-- What is being copied into this ledger, until all of it is there and was verified: no part of a ledger is served from.
ALTER TABLE countinghouse.state ADD COLUMN copying text;
