/** The tables of an outbox in SQLite, in numbered steps; `user_version` says how many were taken. */
import type { DatabaseSync } from "node:sqlite";
import { OutboxError } from "../../store/outbox-error.ts";

/** In order; never edited once released, only added to. */
const STEPS: readonly string[] = [
  `
  CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    row TEXT NOT NULL
  ) STRICT;
  CREATE TABLE meter (
    name TEXT PRIMARY KEY,
    product_code TEXT NOT NULL,
    dimension TEXT NOT NULL,
    per TEXT NOT NULL,
    aggregate TEXT NOT NULL,
    UNIQUE (product_code, dimension)
  ) STRICT;
  CREATE TABLE binding (
    binding_id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    product_code TEXT NOT NULL,
    identity TEXT NOT NULL,
    agreement_id TEXT,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER,
    end_told_ms INTEGER,
    recorded_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX binding_of_tenant ON binding (tenant, product_code);
  CREATE TABLE reading (
    reading_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    meter TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    tags TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    entry_id TEXT,
    ended TEXT,
    ended_ms INTEGER,
    UNIQUE (tenant, reading_id)
  ) STRICT;
  CREATE INDEX reading_waiting ON reading (hour_ms, tenant, meter) WHERE entry_id IS NULL AND ended IS NULL;
  CREATE INDEX reading_of_entry ON reading (entry_id) WHERE entry_id IS NOT NULL;
  CREATE INDEX reading_ended ON reading (ended_ms) WHERE ended IS NOT NULL;
  CREATE TABLE ended_total (
    meter TEXT NOT NULL,
    month TEXT NOT NULL,
    fate TEXT NOT NULL,
    readings INTEGER NOT NULL,
    sum TEXT NOT NULL,
    PRIMARY KEY (meter, month, fate)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE set_aside (
    set_aside_id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    given TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE entry (
    entry_id TEXT PRIMARY KEY,
    identity TEXT NOT NULL,
    meter TEXT NOT NULL,
    product_code TEXT NOT NULL,
    dimension TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    readings INTEGER NOT NULL,
    sum TEXT NOT NULL,
    latest_at_ms INTEGER NOT NULL,
    carried_in TEXT NOT NULL,
    left_over TEXT NOT NULL,
    returned TEXT NOT NULL,
    units INTEGER NOT NULL,
    body TEXT,
    body_hash TEXT,
    deadline_ms INTEGER NOT NULL,
    born_doubtful INTEGER NOT NULL,
    alone INTEGER NOT NULL,
    next_try_ms INTEGER,
    leased_until_ms INTEGER,
    frozen_ms INTEGER,
    ended_ms INTEGER,
    metering_record_id TEXT,
    request_id TEXT,
    unreleased INTEGER NOT NULL,
    readings_gone INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX entry_key ON entry (identity, dimension, hour_ms) WHERE state <> 'dissolved' OR unreleased = 1;
  CREATE INDEX entry_open ON entry (deadline_ms, next_try_ms)
    WHERE state IN ('gathering', 'frozen', 'held', 'doubtful');
  CREATE INDEX entry_state ON entry (state, hour_ms);
  CREATE INDEX entry_unreleased ON entry (entry_id) WHERE unreleased = 1;
  CREATE INDEX entry_ended ON entry (ended_ms) WHERE ended_ms IS NOT NULL;
  CREATE TABLE part (
    entry_id TEXT NOT NULL,
    tags TEXT NOT NULL,
    sum TEXT NOT NULL,
    readings INTEGER NOT NULL,
    PRIMARY KEY (entry_id, tags)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE attempt (
    attempt_no INTEGER PRIMARY KEY,
    attempt_id TEXT NOT NULL UNIQUE,
    entry_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    outcome TEXT,
    error_name TEXT,
    message TEXT,
    metering_record_id TEXT,
    request_id TEXT
  ) STRICT;
  CREATE INDEX attempt_of_entry ON attempt (entry_id);
  CREATE TABLE balance (
    identity TEXT NOT NULL,
    dimension TEXT NOT NULL,
    month TEXT NOT NULL,
    amount TEXT NOT NULL,
    credited TEXT NOT NULL,
    PRIMARY KEY (identity, dimension, month)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE alarm (
    alarm_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    told_count INTEGER NOT NULL,
    UNIQUE (kind, subject)
  ) STRICT;
  CREATE TABLE pace (one INTEGER PRIMARY KEY CHECK (one = 1), next_ms REAL NOT NULL) STRICT;
  `,
];

const SCHEMA_VERSION: number = STEPS.length;
/** `application_id` of an outbox's file: "CHob". */
const APPLICATION_ID = 0x43486f62;

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** Throws for a file that is no outbox, or of a newer version, and leaves it as it is. */
export function checkFile(db: DatabaseSync, path: string): void {
  const version = pragma(db, "user_version");
  const application = pragma(db, "application_id");
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (application !== APPLICATION_ID && (version !== 0 || tables !== 0)) {
    throw new OutboxError("other-store", `${path} is a database of something else, not an outbox.`);
  }
  if (version > SCHEMA_VERSION) {
    throw new OutboxError(
      "schema",
      `${path} has schema version ${version}; this program knows versions up to ${SCHEMA_VERSION}. It was written by a newer one: use that.`,
    );
  }
}

/** Takes the steps that a file lacks. */
export function prepareSchema(db: DatabaseSync): void {
  for (let step = pragma(db, "user_version"); step < SCHEMA_VERSION; step += 1) {
    // Another process may take the step at the same moment: whoever comes second finds it done.
    db.exec("BEGIN IMMEDIATE");
    try {
      if (pragma(db, "user_version") === step) {
        db.exec(STEPS[step] as string);
        db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${step + 1}`);
      }
      db.exec("COMMIT");
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }
}
