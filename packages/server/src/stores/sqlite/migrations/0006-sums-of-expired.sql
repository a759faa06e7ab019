-- What entries that have expired add to the sums (ledger/sums): it is put here by the transaction that removes them, so that reports
-- keep it. The sums themselves stand in a file of their own, and can be made anew from these and the entries that are there.
-- An older server would remove entries and leave nothing here, and is refused by this version.
CREATE TABLE expired_usage (
  day       INTEGER NOT NULL,
  product   TEXT    NOT NULL,
  customer  TEXT    NOT NULL,
  dimension TEXT    NOT NULL,
  region    TEXT    NOT NULL,
  kind      INTEGER NOT NULL,
  last_ms   INTEGER NOT NULL,
  -- What was used in each hour of the day (UTC); null where nothing was.
  h0 INTEGER, h1 INTEGER, h2 INTEGER, h3 INTEGER, h4 INTEGER, h5 INTEGER, h6 INTEGER, h7 INTEGER, h8 INTEGER, h9 INTEGER,
  h10 INTEGER, h11 INTEGER, h12 INTEGER, h13 INTEGER, h14 INTEGER, h15 INTEGER, h16 INTEGER, h17 INTEGER, h18 INTEGER,
  h19 INTEGER, h20 INTEGER, h21 INTEGER, h22 INTEGER, h23 INTEGER,
  PRIMARY KEY (day, product, customer, dimension, region, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE expired_tally (
  day       INTEGER NOT NULL,
  about     TEXT    NOT NULL,
  product   TEXT    NOT NULL,
  customer  TEXT    NOT NULL,
  dimension TEXT    NOT NULL,
  detail    TEXT    NOT NULL,
  calls     INTEGER NOT NULL,
  records   INTEGER NOT NULL,
  units     INTEGER NOT NULL,
  PRIMARY KEY (day, about, product, customer, dimension, detail)
) STRICT, WITHOUT ROWID;
-- Of entries that have expired already nothing is known any more: since when the sums are complete.
INSERT INTO setting SELECT 'sums-complete-since', at_ms FROM entry
  WHERE seq = (SELECT min(seq) FROM entry) AND seq > 1;
