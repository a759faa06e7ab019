/**
 * The tables. Times are milliseconds since the epoch. Texts compare by their bytes, so that an order means the same in every
 * database. A reading waits while it has neither entry nor end: the partial index holds what waits, and nothing else.
 */
export const TABLES: string = String.raw`
CREATE TABLE @.store (
  one integer PRIMARY KEY CHECK (one = 1),
  name text NOT NULL,
  row text NOT NULL,
  service_offset_ms bigint,
  dedupe_days integer NOT NULL
);
CREATE TABLE @.meter (
  name text COLLATE "C" PRIMARY KEY,
  product_code text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  per text NOT NULL,
  aggregate text NOT NULL,
  UNIQUE (product_code, dimension)
);
CREATE TABLE @.binding (
  binding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  identity text COLLATE "C" NOT NULL,
  agreement_id text,
  from_ms bigint NOT NULL,
  until_ms bigint,
  end_told_ms bigint,
  recorded_ms bigint NOT NULL
);
CREATE INDEX binding_of_tenant ON @.binding (tenant, product_code);
CREATE TABLE @.reading (
  hour_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  recorded_ms bigint NOT NULL,
  reading_id text COLLATE "C" NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  meter text COLLATE "C" NOT NULL,
  quantity numeric NOT NULL,
  tags text COLLATE "C" NOT NULL,
  entry_id text COLLATE "C",
  ended text COLLATE "C",
  ended_ms bigint,
  PRIMARY KEY (tenant, reading_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX reading_waiting ON @.reading (hour_ms, tenant, meter, at_ms) WHERE entry_id IS NULL AND ended IS NULL;
CREATE INDEX reading_of_entry ON @.reading (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX reading_ended ON @.reading (ended, ended_ms) WHERE ended IS NOT NULL;
CREATE TABLE @.ended_total (
  meter text COLLATE "C" NOT NULL,
  month text COLLATE "C" NOT NULL,
  fate text COLLATE "C" NOT NULL,
  readings bigint NOT NULL,
  sum numeric NOT NULL,
  PRIMARY KEY (meter, month, fate)
);
CREATE TABLE @.set_aside (
  set_aside_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant text COLLATE "C",
  given text COLLATE "C" NOT NULL,
  given_hash bytea NOT NULL,
  reason text COLLATE "C" NOT NULL,
  message text NOT NULL,
  recorded_ms bigint NOT NULL,
  counted boolean NOT NULL DEFAULT false
);
CREATE INDEX set_aside_given ON @.set_aside (given_hash);
CREATE INDEX set_aside_not_counted ON @.set_aside (set_aside_id) WHERE NOT counted;
CREATE TABLE @.entry (
  entry_id text COLLATE "C" PRIMARY KEY,
  identity text COLLATE "C" NOT NULL,
  meter text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  hour_ms bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  why text,
  readings bigint NOT NULL,
  sum text NOT NULL,
  latest_at_ms bigint NOT NULL,
  carried_in text NOT NULL,
  left_over text NOT NULL,
  returned text NOT NULL,
  units bigint NOT NULL,
  body text,
  body_hash text,
  deadline_ms bigint NOT NULL,
  born_doubtful boolean NOT NULL,
  alone boolean NOT NULL,
  next_try_ms bigint,
  leased_until_ms bigint,
  frozen_ms bigint,
  ended_ms bigint,
  metering_record_id text,
  request_id text,
  unreleased boolean NOT NULL,
  -- Its readings are being deleted, and what they came to is what this row says; all of them were.
  readings_gone boolean NOT NULL DEFAULT false,
  emptied boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX entry_key ON @.entry (identity, dimension, hour_ms) WHERE state <> 'dissolved' OR unreleased;
CREATE INDEX entry_open ON @.entry (deadline_ms, hour_ms, entry_id)
  WHERE state IN ('gathering', 'frozen', 'held', 'doubtful');
CREATE INDEX entry_state ON @.entry (state, hour_ms);
CREATE INDEX entry_unreleased ON @.entry (entry_id) WHERE unreleased;
CREATE INDEX entry_ended ON @.entry (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE INDEX entry_full ON @.entry (ended_ms) WHERE NOT readings_gone;
CREATE INDEX entry_emptying ON @.entry (entry_id) WHERE readings_gone AND NOT emptied;
-- What each step of gathering put in: added to, never changed, so that no step rewrites what another wrote.
CREATE TABLE @.part (
  entry_id text COLLATE "C" NOT NULL,
  tags text COLLATE "C" NOT NULL,
  sum numeric NOT NULL,
  readings bigint NOT NULL
);
CREATE INDEX part_of_entry ON @.part (entry_id);
CREATE TABLE @.attempt (
  attempt_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_id text COLLATE "C" NOT NULL UNIQUE,
  entry_id text COLLATE "C" NOT NULL,
  call_id text NOT NULL,
  sender text NOT NULL,
  started_ms bigint NOT NULL,
  ended_ms bigint,
  outcome text,
  error_name text,
  message text,
  metering_record_id text,
  request_id text
);
CREATE INDEX attempt_of_entry ON @.attempt (entry_id);
CREATE TABLE @.balance (
  identity text COLLATE "C" NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  month text COLLATE "C" NOT NULL,
  amount text NOT NULL,
  credited text NOT NULL,
  PRIMARY KEY (identity, dimension, month)
);
CREATE TABLE @.alarm (
  alarm_id text PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  message text NOT NULL,
  count bigint NOT NULL,
  first_ms bigint NOT NULL,
  last_ms bigint NOT NULL,
  told_count bigint NOT NULL,
  UNIQUE (kind, subject)
);
CREATE TABLE @.pace (one integer PRIMARY KEY CHECK (one = 1), next_ms double precision NOT NULL);
`;
