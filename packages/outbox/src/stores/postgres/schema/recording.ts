/**
 * `usage_outbox.record`: how readings come in, from any language, in the seller's own transaction. It inserts and nothing else:
 * an hour's row that all of a busy customer's transactions had to change would make them wait for one another.
 */
const DEFINER = "VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp";

export const RECORDING: string = String.raw`
-- As it came, once for each content. No row that others change is touched: nobody waits, and no deadlock rolls anybody back.
CREATE FUNCTION @.keep_aside(reading_id text, tenant text, meter text, quantity text, at text, tags text, machine_ms bigint,
  reason text, message text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  new_given CONSTANT text := json_build_object('readingId', reading_id, 'tenant', tenant, 'meter', meter,
    'quantity', quantity, 'at', at, 'tags', tags)::text;
  hash CONSTANT bytea := sha256(convert_to(new_given, 'UTF8'));
BEGIN
  IF EXISTS (SELECT FROM @.set_aside AS kept WHERE kept.given_hash = hash AND kept.given = new_given) THEN
    RETURN;
  END IF;
  INSERT INTO @.set_aside (tenant, given, given_hash, reason, message, recorded_ms)
  VALUES (tenant, new_given, hash, reason, message, machine_ms);
  RAISE WARNING 'usage outbox: a reading was set aside (%): %', reason, message;
END $$;

CREATE FUNCTION @.keep(reading_id text, tenant text, meter text, quantity text, at text, tags text, machine_ms bigint,
  OUT answer text, OUT reason text, OUT message text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_at CONSTANT bigint := @.instant_ms(at);
  new_tags CONSTANT text := CASE WHEN tags IS NULL OR tags IN ('null', '{}') THEN '[]' ELSE @.tags_text(tags) END;
  kept record;
BEGIN
  LOOP
    IF new_at IS NOT NULL AND new_tags IS NOT NULL AND @.is_quantity(quantity) AND @.is_name(reading_id)
      AND @.is_name(tenant)
    THEN
      INSERT INTO @.reading (hour_ms, at_ms, recorded_ms, reading_id, tenant, meter, quantity, tags)
      SELECT new_at - (new_at % 3600000 + 3600000) % 3600000, new_at, machine_ms,
        keep.reading_id, keep.tenant, keep.meter, trim_scale(keep.quantity::numeric), new_tags
      FROM @.meter AS known, @.store AS here
      WHERE known.name = keep.meter AND (here.service_offset_ms IS NULL
        OR new_at - machine_ms - here.service_offset_ms BETWEEN here.dedupe_days * bigint '-86400000' AND 86400000)
      ON CONFLICT (tenant, reading_id) DO NOTHING;
      IF FOUND THEN
        answer := 'recorded';
        RETURN;
      END IF;
    END IF;
    SELECT judged.reason, judged.message INTO reason, message
    FROM @.judge(reading_id, tenant, meter, quantity, at, tags, machine_ms) AS judged;
    EXIT WHEN reason IS NOT NULL;
    SELECT * INTO kept FROM @.reading AS old WHERE old.tenant = keep.tenant AND old.reading_id = keep.reading_id;
    -- Not found: it was forgotten a moment ago, or its meter is new.
    CONTINUE WHEN NOT FOUND;
    IF kept.meter = meter AND kept.quantity = quantity::numeric AND kept.at_ms = new_at AND kept.tags = new_tags THEN
      answer := 'known';
      RETURN;
    END IF;
    reason := 'conflicting';
    message := format('The reading %s was recorded before with other content, which stands: %s of %s at %s.',
      @.quoted(reading_id), kept.quantity, kept.meter, @.iso_text(kept.at_ms));
    EXIT;
  END LOOP;
  answer := CASE reason WHEN 'conflicting' THEN 'conflicting' ELSE 'set-aside' END;
  PERFORM @.keep_aside(reading_id, tenant, meter, quantity, at, tags, machine_ms, reason, message);
END $$;

CREATE FUNCTION @.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- Answers recorded, known, conflicting or set-aside. Text for text: nothing that is in it can throw.
CREATE FUNCTION @.record(reading_id text, tenant text, meter text, quantity text, at text, tags text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN (@.keep(reading_id, tenant, meter, quantity, at, tags, @.now_ms())).answer;
END $$;

-- An instant as text; one that no year has (infinity, before Christ) as what it says.
CREATE FUNCTION @.instant_text(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN at BETWEEN '0100-01-01T00:00:00Z' AND '9999-12-31T23:59:59Z'
    THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE at::text END
$$;

CREATE FUNCTION @.record(reading_id text, tenant text, meter text, quantity numeric, at timestamptz,
  tags jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN (@.keep(reading_id, tenant, meter, quantity::text, @.instant_text(at), tags::text, @.now_ms())).answer;
END $$;

CREATE FUNCTION @.record(reading_id text, tenant text, meter text, quantity text, at timestamptz,
  tags jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN (@.keep(reading_id, tenant, meter, quantity, @.instant_text(at), tags::text, @.now_ms())).answer;
END $$;

CREATE FUNCTION @.record(reading_id text, tenant text, meter text, quantity numeric, at text,
  tags jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN (@.keep(reading_id, tenant, meter, quantity::text, at, tags::text, @.now_ms())).answer;
END $$;

-- A time without a zone would be read by the session's: it is set aside instead.
CREATE FUNCTION @.record(reading_id text, tenant text, meter text, quantity numeric, at timestamp,
  tags jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN (@.keep(reading_id, tenant, meter, quantity::text, at::text, tags::text, @.now_ms())).answer;
END $$;

-- Any number, one answer each in their order; kept in the order of their ids, so that two calls wait for each other in one
-- direction only. With a time of the caller's machine it is a transaction of its own, durable when it is answered.
CREATE FUNCTION @.record(reading_ids text[], tenants text[], meters text[], quantities text[], ats text[], tags text[],
  machine_ms bigint DEFAULT NULL)
RETURNS TABLE (reading_id text, answer text, reason text, message text) LANGUAGE plpgsql ${DEFINER} AS $$
#variable_conflict use_variable
DECLARE
  now_ms CONSTANT bigint := coalesce(machine_ms, @.now_ms());
  answers text[];
  reasons text[];
  messages text[];
  one record;
  kept record;
BEGIN
  IF machine_ms IS NOT NULL AND current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  FOR one IN
    SELECT given.* FROM unnest(reading_ids, tenants, meters, quantities, ats, tags)
      WITH ORDINALITY AS given (id, tenant, meter, quantity, at, tags, place)
    ORDER BY given.tenant COLLATE "C", given.id COLLATE "C", given.place
  LOOP
    SELECT * INTO kept FROM @.keep(one.id, one.tenant, one.meter, one.quantity, one.at, one.tags, now_ms);
    answers[one.place] := kept.answer;
    reasons[one.place] := kept.reason;
    messages[one.place] := kept.message;
  END LOOP;
  RETURN QUERY SELECT all_of.* FROM unnest(reading_ids, answers, reasons, messages) AS all_of;
END $$;

-- The same of a JSON array of objects: readingId, tenant, meter, quantity, at, tags.
CREATE FUNCTION @.record(readings jsonb, machine_ms bigint DEFAULT NULL)
RETURNS TABLE (reading_id text, answer text, reason text, message text) LANGUAGE plpgsql ${DEFINER} AS $$
#variable_conflict use_variable
DECLARE
  many CONSTANT jsonb := CASE jsonb_typeof(readings) WHEN 'array' THEN readings ELSE jsonb_build_array(readings) END;
BEGIN
  RETURN QUERY SELECT answered.* FROM (
    SELECT array_agg(one.value->>'readingId' ORDER BY one.place) AS ids,
      array_agg(one.value->>'tenant' ORDER BY one.place) AS tenants,
      array_agg(one.value->>'meter' ORDER BY one.place) AS meters,
      array_agg(one.value->>'quantity' ORDER BY one.place) AS quantities,
      array_agg(one.value->>'at' ORDER BY one.place) AS ats,
      array_agg(one.value->>'tags' ORDER BY one.place) AS tags
    FROM jsonb_array_elements(many) WITH ORDINALITY AS one (value, place)
  ) AS given, LATERAL @.record(given.ids, given.tenants, given.meters, given.quantities, given.ats, given.tags, machine_ms)
    AS answered;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @ FROM PUBLIC;
`;
