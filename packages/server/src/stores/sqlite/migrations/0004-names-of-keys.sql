-- Names of keys are those of the catalogue, and stay. All others are only what entries are searched for by (session keys, roles'
-- sessions, what strangers claim): they go with the last entry that has them. Those of which it has gone already, go now.
-- What an older server could not read besides: members that products and agreements may have by now. It would drop them.
ALTER TABLE name ADD COLUMN in_key INTEGER NOT NULL DEFAULT 0;
UPDATE name SET in_key = 1 WHERE id IN (
  SELECT offering FROM metering_record UNION SELECT region FROM metering_record
  UNION SELECT customer FROM metering_record UNION SELECT dimension FROM metering_record);
DELETE FROM name WHERE in_key = 0
  AND NOT EXISTS (SELECT 1 FROM entry WHERE operation = name.id)
  AND NOT EXISTS (SELECT 1 FROM entry WHERE principal = name.id)
  AND NOT EXISTS (SELECT 1 FROM entry WHERE account = name.id)
  AND NOT EXISTS (SELECT 1 FROM entry WHERE access_key = name.id)
  AND NOT EXISTS (SELECT 1 FROM entry WHERE product = name.id);
