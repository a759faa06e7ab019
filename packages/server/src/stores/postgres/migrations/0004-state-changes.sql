-- Which objects of the catalogue each version of the state has changed, so that a node that holds an earlier one reads these
-- alone. The edition tells apart versions of the same number, as there are after the database was set back. Servers of before
-- leave no rows here: then everything is read.
ALTER TABLE countinghouse.state ADD COLUMN edition uuid NOT NULL DEFAULT gen_random_uuid();
CREATE TABLE countinghouse.state_change (
  version bigint           NOT NULL,
  edition uuid             NOT NULL,
  -- Both empty where it is no object that has changed.
  kind    text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  PRIMARY KEY (version, kind, id)
);
