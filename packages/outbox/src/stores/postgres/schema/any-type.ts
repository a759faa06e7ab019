/**
 * `record` for the types that drivers send by themselves: Python's floats, UUIDs, whole numbers as ids, times without a zone. A call
 * that no function takes is an error, and takes the seller's own write back. Two polymorphic types are all that PostgreSQL has, so
 * that ids and tags are a function for each type. They make texts with the rights of the caller, whose own casts these may be.
 */
const ID_TYPES = ["text", "uuid", "bigint"];
/** A literal without a type is a text wherever a text is taken; so it is judged, and not converted before. */
const QUANTITY_TYPES = ["anyelement", "text"];
const TAGS = ["tags jsonb DEFAULT NULL", "tags text"];

const DROPPED = ["numeric, timestamptz", "text, timestamptz", "numeric, text", "numeric, timestamp"];

function functionOf(readingId: string, tenant: string, quantity: string, tags: string): string {
  return String.raw`
CREATE FUNCTION @.record(reading_id ${readingId}, tenant ${tenant}, meter text, quantity ${quantity}, at anycompatible, ${tags})
RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $$
DECLARE
  said_quantity text := quantity::text;
  said_at text := at::text;
BEGIN
  -- The shortest decimal that names a binary number, without an exponent.
  IF pg_typeof(quantity) IN ('real'::regtype, 'double precision'::regtype) THEN
    said_quantity := said_quantity::numeric::text;
  END IF;
  -- An instant that no year has (infinity, before Christ) stays what it says. What has no zone stays without: the session's is not it.
  IF pg_typeof(at) = 'timestamptz'::regtype THEN
    IF at BETWEEN '0100-01-01T00:00:00Z' AND '9999-12-31T23:59:59Z' THEN
      said_at := to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    END IF;
  END IF;
  RETURN @.record(reading_id::text, tenant::text, meter, said_quantity, said_at, tags::text);
END $$;`;
}

const FUNCTIONS = ID_TYPES.flatMap((readingId) =>
  ID_TYPES.flatMap((tenant) =>
    QUANTITY_TYPES.flatMap((quantity) => TAGS.map((tags) => functionOf(readingId, tenant, quantity, tags))),
  ),
);

export const ANY_TYPE: string = `
${DROPPED.map((types) => `DROP FUNCTION @.record(text, text, text, ${types}, jsonb);`).join("\n")}
${FUNCTIONS.join("\n")}

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA @ FROM PUBLIC;

-- Whoever may record may go on to.
DO $$ DECLARE given record; BEGIN
  FOR given IN
    SELECT more.oid::regprocedure AS function, acl.grantee::regrole AS role
    FROM pg_proc AS one CROSS JOIN LATERAL aclexplode(one.proacl) AS acl
      JOIN pg_proc AS more ON more.pronamespace = one.pronamespace AND more.proname = 'record'
    WHERE one.oid = '@.record(text, text, text, text, text, text)'::regprocedure
      AND acl.privilege_type = 'EXECUTE' AND acl.grantee NOT IN (0, one.proowner)
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', given.function, given.role);
  END LOOP;
END $$;
`;
