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

-- The common forms are told by short patterns and converted at once; all others, as judge does it.
CREATE FUNCTION @.keep(reading_id text, tenant text, meter text, quantity text, at text, tags text, machine_ms bigint,
  OUT answer text, OUT reason text, OUT message text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_at bigint;
  new_tags text;
  kept record;
BEGIN
  IF at ~ '^[1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?Z$' THEN
    new_at := (date_part('epoch', at::timestamptz) * 1000)::bigint;
  ELSE
    new_at := @.instant_ms(at);
  END IF;
  IF tags IS NULL OR tags = 'null' OR tags = '{}' THEN
    new_tags := '[]';
  ELSIF octet_length(tags) <= 100 AND tags ~ '^\{"[a-zA-Z0-9 !#-=._:/@]+": ?"[a-zA-Z0-9 !#-=._:/@]+"\}$' THEN
    new_tags := '[["' || split_part(tags, '"', 2) || '","' || split_part(tags, '"', 4) || '"]]';
  ELSE
    new_tags := @.tags_text(tags);
  END IF;
  LOOP
    IF new_at IS NOT NULL AND new_tags IS NOT NULL
      AND (quantity ~ '^-?[0-9]+(\.[0-9]+)?$' AND octet_length(quantity) <= 19 OR @.is_quantity(quantity))
      AND @.is_name(reading_id) AND @.is_name(tenant)
    THEN
      INSERT INTO @.reading (hour_ms, at_ms, recorded_ms, reading_id, tenant, meter, quantity, tags)
      SELECT new_at - (new_at % 3600000 + 3600000) % 3600000, new_at, machine_ms,
        keep.reading_id, keep.tenant, keep.meter, trim_scale(keep.quantity::numeric), new_tags
      FROM @.store AS here
      WHERE EXISTS (SELECT FROM @.meter AS known WHERE known.name = keep.meter) AND (here.service_offset_ms IS NULL
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
  SELECT (date_part('epoch', clock_timestamp()) * 1000)::bigint
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

-- The same as a row: with the reason, and in words what was wrong.
CREATE FUNCTION @.record_explained(reading_id text, tenant text, meter text, quantity text, at text, tags text,
  machine_ms bigint DEFAULT NULL, OUT answer text, OUT reason text, OUT message text) LANGUAGE plpgsql ${DEFINER} AS $$
DECLARE
  kept record;
BEGIN
  IF machine_ms IS NOT NULL THEN
    PERFORM @.flush_at_commit();
  END IF;
  kept := @.keep(reading_id, tenant, meter, quantity, at, tags, coalesce(machine_ms, @.now_ms()));
  answer := kept.answer;
  reason := kept.reason;
  message := kept.message;
END $$;

-- With a time of the caller's machine it is a transaction of its own, and durable when it is answered.
CREATE FUNCTION @.flush_at_commit() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
END $$;

-- Any number, one answer each in their order; kept in the order of their ids, so that two calls wait for each other in one
-- direction only.
CREATE FUNCTION @.keep_all(reading_ids text[], tenants text[], meters text[], quantities text[], ats text[], tags text[],
  machine_ms bigint)
RETURNS TABLE (reading_id text, answer text, reason text, message text) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  now_ms CONSTANT bigint := coalesce(machine_ms, @.now_ms());
  answers text[];
  reasons text[];
  messages text[];
  one record;
  kept record;
BEGIN
  IF machine_ms IS NOT NULL THEN
    PERFORM @.flush_at_commit();
  END IF;
  FOR one IN
    SELECT given.* FROM unnest(reading_ids, tenants, meters, quantities, ats, tags)
      WITH ORDINALITY AS given (id, tenant, meter, quantity, at, tags, place)
    ORDER BY given.tenant COLLATE "C", given.id COLLATE "C", given.place
  LOOP
    kept := @.keep(one.id, one.tenant, one.meter, one.quantity, one.at, one.tags, now_ms);
    answers[one.place] := kept.answer;
    reasons[one.place] := kept.reason;
    messages[one.place] := kept.message;
  END LOOP;
  RETURN QUERY SELECT all_of.* FROM unnest(reading_ids, answers, reasons, messages) AS all_of;
END $$;

CREATE FUNCTION @.record(reading_ids text[], tenants text[], meters text[], quantities text[], ats text[], tags text[],
  machine_ms bigint DEFAULT NULL)
RETURNS TABLE (reading_id text, answer text, reason text, message text) LANGUAGE plpgsql ${DEFINER} AS $$
BEGIN
  RETURN QUERY SELECT kept.* FROM @.keep_all(reading_ids, tenants, meters, quantities, ats, tags, machine_ms) AS kept;
END $$;

-- The same of a JSON array of objects: readingId, tenant, meter, quantity, at, tags.
CREATE FUNCTION @.record(readings jsonb, machine_ms bigint DEFAULT NULL)
RETURNS TABLE (reading_id text, answer text, reason text, message text) LANGUAGE plpgsql ${DEFINER} AS $$
#variable_conflict use_variable
DECLARE
  many CONSTANT jsonb := CASE jsonb_typeof(readings) WHEN 'array' THEN readings ELSE jsonb_build_array(readings) END;
  given record;
BEGIN
  SELECT array_agg(one.value->>'readingId' ORDER BY one.place) AS ids,
    array_agg(one.value->>'tenant' ORDER BY one.place) AS tenants,
    array_agg(one.value->>'meter' ORDER BY one.place) AS meters,
    array_agg(one.value->>'quantity' ORDER BY one.place) AS quantities,
    array_agg(one.value->>'at' ORDER BY one.place) AS ats,
    array_agg(one.value->>'tags' ORDER BY one.place) AS tags
  INTO given FROM jsonb_array_elements(many) WITH ORDINALITY AS one (value, place);
  RETURN QUERY SELECT kept.* FROM
    @.keep_all(given.ids, given.tenants, given.meters, given.quantities, given.ats, given.tags, machine_ms) AS kept;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @ FROM PUBLIC;
`;
