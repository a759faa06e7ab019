-- Metered resources leave the catalogue, which a server holds in memory: each is read when it is asked for. Those that are there
-- are moved by 0005-resources.ts. `value` is the resource; the columns beside are what it is found by, and follow from it.
CREATE TABLE resource (
  id            TEXT    NOT NULL,
  value         TEXT    NOT NULL,
  platform      TEXT    NOT NULL,
  account       TEXT    NOT NULL,
  -- The products that it has registered, as a JSON array.
  products      TEXT    NOT NULL,
  stopped_at_ms INTEGER,
  -- When something is to be done about it next.
  due_at_ms     INTEGER,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_due ON resource (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
