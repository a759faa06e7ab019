/**
 * `judgeReading` of `domain/reading.ts`, in SQL. Everything is told by patterns before it is converted: an error that is caught
 * costs a subtransaction, and one that is not would roll back the seller's own work.
 */
export const JUDGING: string = String.raw`
-- 1 to 255 characters as JavaScript counts them, and none below a space.
CREATE FUNCTION @.is_name(said text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT said IS NOT NULL AND said <> '' AND said !~ '[\u0001-\u001f\u007f]'
    AND (octet_length(said) <= 255
      OR char_length(said) + char_length(regexp_replace(said, '[^\U00010000-\U0010ffff]', '', 'g')) <= 255)
$$;

CREATE FUNCTION @.is_quantity(said text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT said IS NOT NULL AND octet_length(said) <= 100 AND said ~ '^-?0*[0-9]{1,21}(\.[0-9]{1,18}0*)?$'
$$;

-- ISO 8601 with a zone, as milliseconds; null for what is none, or a day that is in no calendar.
CREATE FUNCTION @.instant_ms(said text) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  zone CONSTANT text := right(said, 6);
  whole_ms bigint;
  zone_ms bigint := 0;
BEGIN
  IF said IS NULL OR left(said, 2) = '00'
    OR said !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'
  THEN
    RETURN NULL;
  END IF;
  IF substr(said, 9, 2)::integer > date_part('day',
    make_date(left(said, 4)::integer, substr(said, 6, 2)::integer, 1) + interval '1 month' - interval '1 day')
  THEN
    RETURN NULL;
  END IF;
  whole_ms := date_part('epoch', left(said, 19)::timestamp)::bigint * 1000;
  IF right(said, 1) <> 'Z' THEN
    zone_ms := (left(zone, 1) || '1')::bigint * (substr(zone, 2, 2)::bigint * 3600000 + right(zone, 2)::bigint * 60000);
  END IF;
  IF substr(said, 20, 1) = '.' THEN
    whole_ms := whole_ms + rpad(substring(said FROM '\.([0-9]{1,3})'), 3, '0')::bigint;
  END IF;
  RETURN whole_ms - zone_ms;
END $$;

-- The one text of a set of tags; null for what AWS would refuse. The characters that may be there are few, so that the pattern
-- tells JSON from what is none, too.
CREATE FUNCTION @.tags_text(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  one CONSTANT text := '[ \t\r\n]*"([a-zA-Z0-9 !#-=._:/@]|\\["/]|\\u00[2-7][0-9a-fA-F])+"[ \t\r\n]*';
  many text;
BEGIN
  IF said IS NULL OR said ~ '^[ \t\r\n]*(null|\{[ \t\r\n]*\})[ \t\r\n]*$' THEN
    RETURN '[]';
  END IF;
  many := one || ':' || one;
  IF said !~ ('^[ \t\r\n]*\{' || many || '(,' || many || ')*\}[ \t\r\n]*$') THEN
    RETURN NULL;
  END IF;
  SELECT CASE
    WHEN count(*) <= 5 AND bool_and(octet_length(key) <= 100 AND octet_length(value) <= 256
      AND key ~ '^[a-zA-Z0-9+ -=._:/@]+$' AND value ~ '^[a-zA-Z0-9+ -=._:/@]+$')
    THEN '[' || string_agg('[' || to_json(key)::text || ',' || to_json(value)::text || ']', ',' ORDER BY key COLLATE "C") || ']'
    END INTO many
  FROM jsonb_each_text(said::jsonb);
  RETURN many;
END $$;

CREATE FUNCTION @.iso_text(ms bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_char(timestamp 'epoch' + ms * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

CREATE FUNCTION @.quoted(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(to_json(CASE WHEN char_length(said) > 100 THEN left(said, 100) || '…' ELSE said END)::text, 'null')
$$;

-- What is wrong with a reading, in the order in which it is looked for; nulls where nothing is.
CREATE FUNCTION @.judge(reading_id text, tenant text, meter text, quantity text, at text, tags text, machine_ms bigint,
  OUT reason text, OUT message text) LANGUAGE plpgsql STABLE AS $$
DECLARE
  at_ms bigint := @.instant_ms(at);
  service_ms bigint;
  days integer;
BEGIN
  SELECT machine_ms + service_offset_ms, dedupe_days INTO service_ms, days FROM @.store;
  SELECT CASE
    WHEN NOT @.is_name(reading_id) THEN 'bad-reading-id'
    WHEN NOT @.is_name(tenant) THEN 'bad-tenant'
    WHEN NOT EXISTS (SELECT FROM @.meter AS known WHERE known.name = judge.meter) THEN 'unknown-meter'
    WHEN NOT @.is_quantity(quantity) THEN 'bad-quantity'
    WHEN at_ms IS NULL THEN 'bad-time'
    WHEN at_ms > service_ms + 86400000 THEN 'ahead'
    WHEN at_ms < service_ms - days * bigint '86400000' THEN 'too-old'
    WHEN @.tags_text(tags) IS NULL THEN 'bad-tags'
  END INTO reason;
  message := CASE reason
    WHEN 'bad-reading-id' THEN format(
      'The reading id %s is none; expected 1 to 255 characters, no control characters.', @.quoted(reading_id))
    WHEN 'bad-tenant' THEN format(
      'The tenant %s is none; expected 1 to 255 characters, no control characters.', @.quoted(tenant))
    WHEN 'unknown-meter' THEN format('The meter %s is none of this store''s.', @.quoted(meter))
    WHEN 'bad-quantity' THEN format(
      'The quantity %s is not a decimal number, such as 12 or -0.5, with up to 21 digits before the point and 18 behind it.',
      @.quoted(quantity))
    WHEN 'bad-time' THEN format(
      'The time %s is none; expected ISO 8601 with a zone, such as 2026-11-29T10:15:00Z.', @.quoted(at))
    WHEN 'ahead' THEN format('The time %s is more than a day ahead of the service, whose time is %s.',
      @.iso_text(at_ms), @.iso_text(service_ms))
    WHEN 'too-old' THEN format('The time %s is more than %s days before the service''s, %s.',
      @.iso_text(at_ms), days, @.iso_text(service_ms))
    WHEN 'bad-tags' THEN 'The tags are not a JSON object of texts that AWS takes: up to 5, keys of 1 to 100 and values '
      || 'of 1 to 256 of letters, digits and + - = . _ : / @'
  END;
END $$;
`;
