-- One row per call or change, in the order of commit. `body` is complete in itself (ledger/entry-codec.ts).
CREATE TABLE entry (
  seq        INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  request_id BLOB    NOT NULL,
  body       TEXT    NOT NULL
) STRICT;
-- Request ids begin with their time, so this index grows at its end.
CREATE UNIQUE INDEX entry_request_id ON entry (request_id);

-- Numbers for names, private to this store: they keep the rows of metering_record small and its keys short.
CREATE TABLE name (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- The key of each accepted usage record, and where it stands. Hour first: new rows stay in the hot end of the tree.
CREATE TABLE metering_record (
  hour          INTEGER NOT NULL,
  offering      INTEGER NOT NULL,
  region        INTEGER NOT NULL,
  customer      INTEGER NOT NULL,
  dimension     INTEGER NOT NULL,
  discriminator TEXT    NOT NULL,
  quantity      INTEGER NOT NULL,
  entry_seq     INTEGER NOT NULL,
  position      INTEGER NOT NULL,
  PRIMARY KEY (hour, offering, region, customer, dimension, discriminator)
) STRICT, WITHOUT ROWID;

-- The catalogue as it stands. A removed object that a catalogue file had named keeps its row, without a value.
CREATE TABLE catalogue (
  kind        TEXT NOT NULL,
  id          TEXT NOT NULL,
  value       TEXT,
  file_digest TEXT,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Single values: where the service clock stands.
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
