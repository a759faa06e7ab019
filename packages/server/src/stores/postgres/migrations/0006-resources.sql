-- Metered resources leave the catalogue, which every node holds in memory and changes under the lock of the state: each is read,
-- and written, in the transaction of the group that is about it. Those that are there are moved by resources/move-resources.ts.
-- `value` is the resource; the columns beside are what it is found by, and follow from it. Whoever writes one says which revision
-- it has read. Servers of before would look for resources in the catalogue, and put them there, so none may be connected; and one
-- that has only lost its connections, and comes back, finds no column of the name it knows, as it begins any group of its.
CREATE TABLE countinghouse.resource (
  id            text COLLATE "C" PRIMARY KEY,
  revision      bigint           NOT NULL,
  value         text             NOT NULL,
  platform      text COLLATE "C" NOT NULL,
  account       text COLLATE "C" NOT NULL,
  -- The products that it has registered.
  products      jsonb            NOT NULL,
  stopped_at_ms bigint,
  -- When something is to be done about it next.
  due_at_ms     bigint
);
CREATE INDEX resource_due ON countinghouse.resource (due_at_ms, id) WHERE due_at_ms IS NOT NULL;
ALTER TABLE countinghouse.state RENAME COLUMN edition_id TO state_edition;
