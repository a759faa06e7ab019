-- Records usage from psql, or any driver: psql -f record.sql
BEGIN;
-- Stands for a table of yours.
CREATE TEMPORARY TABLE sale (id text PRIMARY KEY);
INSERT INTO sale VALUES ('sale-2');
SELECT usage_outbox.record('sql-1', 't-1', 'gb', 1730000000, timestamptz '2026-11-29 10:15:00+00', '{"team":"blue"}'::jsonb);
-- The same reading again is known; the same id with other content is kept aside, and the first stands.
SELECT usage_outbox.record('sql-1', 't-1', 'gb', '1730000000', '2026-11-29T10:15:00Z', '{"team":"blue"}');
SELECT usage_outbox.record('sql-1', 't-1', 'gb', '5', '2026-11-29T10:15:00Z');
COMMIT;
