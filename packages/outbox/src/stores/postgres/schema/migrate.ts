/** Makes the schema, and takes the steps that it lacks: as the owner of the schema, and nobody else. */
import { OutboxError } from "../../../store/outbox-error.ts";
import { borrowed, type PostgresPool } from "../connection.ts";
import { SCHEMA_VERSION, STEPS, inSchema, quotedName } from "./steps.ts";

export interface Roles {
  /** Those who record: they may call `record`, and read what meters there are. */
  readonly applications?: readonly string[];
  /** Those who freeze and deliver: they read and write rows. */
  readonly workers?: readonly string[];
}

export interface MigrationOptions extends Roles {
  /** Its name; `usage_outbox` by default. */
  readonly schema?: string;
}

const DEFAULT_SCHEMA = "usage_outbox";
const NAME_LENGTH_MAX = 63;

const TABLES_OF_WORKERS = "SELECT, INSERT, UPDATE, DELETE";

/** A name that PostgreSQL keeps as it is; throws a `TypeError` for another one. */
export function schemaName(schema: string = DEFAULT_SCHEMA): string {
  if (!/^[A-Za-z_][\w]*$/.test(schema) || schema.length > NAME_LENGTH_MAX) {
    throw new TypeError(
      `The schema ${JSON.stringify(schema)} is no name; expected up to ${NAME_LENGTH_MAX} letters, digits and _.`,
    );
  }
  return schema;
}

/**
 * The SQL that takes a schema from a version (0: none) to this program's, for a tool of the seller's own; each step is a
 * transaction of its own. With roles, their rights, too.
 */
export function migrationSql({ schema, ...roles }: MigrationOptions = {}, from = 0): string {
  const name = schemaName(schema);
  const steps = STEPS.slice(from).map(
    (step, at) =>
      `-- Step ${from + at + 1} of the usage outbox's schema.\nBEGIN;\n${stepSql(name, from + at, step)}\nCOMMIT;\n`,
  );
  const grants = grantsSql(name, roles);
  return [...steps, ...(grants === "" ? [] : [`BEGIN;\n${grants}\nCOMMIT;\n`])].join("\n");
}

/**
 * Takes the steps that the schema lacks, one transaction each, and gives the roles their rights; answers the version before.
 * Programs that meet it at the same time wait for one another. Throws an `OutboxError` for a schema that is newer.
 */
export async function migratePostgres(pool: PostgresPool, options: MigrationOptions = {}): Promise<number> {
  const name = schemaName(options.schema);
  const { client, giveBack } = await borrowed(pool);
  let broken = true;
  const inTransaction = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.query("BEGIN", []);
    try {
      // It ends with the transaction, wherever the connection goes then.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('usage outbox ' || $1, 0))", [name]);
      const result = await work();
      await client.query("COMMIT", []);
      return result;
    } catch (error) {
      await client.query("ROLLBACK", []).catch(() => undefined);
      throw error;
    }
  };
  try {
    const before = await inTransaction(() => versionIn(client, name));
    if (before > SCHEMA_VERSION) throw newer(name, before);
    for (const [at, step] of STEPS.entries()) {
      await inTransaction(async () => {
        if ((await versionIn(client, name)) === at) await client.query(stepSql(name, at, step), []);
      });
    }
    const grants = grantsSql(name, options);
    if (grants !== "") await client.query(grants, []);
    broken = false;
    return before;
  } finally {
    giveBack(broken);
  }
}

type Asked = Pick<PostgresPool, "query">;

/** 0 where there is no schema. By rows of the catalogue: what a name stood for before a lock was waited for may be remembered. */
async function versionIn(client: Asked, schema: string): Promise<number> {
  const { rows } = await client.query(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS found JOIN pg_catalog.pg_namespace AS place
       ON place.oid = found.relnamespace WHERE place.nspname = $1 AND found.relname = 'schema_version') AS found`,
    [schema],
  );
  if ((rows[0] as { found: unknown }).found !== true) return 0;
  const found = await client.query(inSchema("SELECT version FROM @.schema_version", schema), []);
  return Number((found.rows[0] as { version: unknown } | undefined)?.version);
}

function stepSql(schema: string, at: number, { sql, oldestProgram }: (typeof STEPS)[number]): string {
  const first = `DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 140000 THEN RAISE 'PostgreSQL 14 or newer is needed.'; END IF;
  IF current_setting('server_encoding') <> 'UTF8' THEN RAISE 'The database needs the encoding UTF8.'; END IF;
END $$;
CREATE SCHEMA ${quotedName(schema)};
CREATE TABLE @.schema_version (version integer NOT NULL, oldest_program integer NOT NULL);
INSERT INTO @.schema_version VALUES (0, 0);
`;
  const version = `UPDATE @.schema_version SET version = ${at + 1}, oldest_program = ${oldestProgram};`;
  return inSchema(`SET LOCAL lock_timeout = '10s';\n${at === 0 ? first : ""}${sql}${version}`, schema);
}

function grantedTo(sql: string, role: string): string {
  const name = quotedName(role);
  return sql.replaceAll("\0", () => name).replaceAll("\u0001", () => name.replaceAll("'", "''"));
}

/** Names of roles are put in last: `metering@app.iam` is one, too. */
function grantsSql(schema: string, { applications = [], workers = [] }: Roles): string {
  const both = inSchema(
    `GRANT USAGE ON SCHEMA @ TO \0;
GRANT SELECT ON @.schema_version, @.store, @.meter TO \0;
DO $outbox$ DECLARE one regprocedure; BEGIN
  FOR one IN SELECT oid FROM pg_proc WHERE proname IN ('record', 'record_explained') AND pronamespace = '${quotedName(schema)}'::regnamespace LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', one, '\u0001');
  END LOOP;
END $outbox$;`,
    schema,
  );
  const more = inSchema(
    `GRANT ${TABLES_OF_WORKERS} ON ALL TABLES IN SCHEMA @ TO \0;
REVOKE INSERT, UPDATE, DELETE ON @.schema_version FROM \0;`,
    schema,
  );
  return [
    ...[...applications, ...workers].map((role) => grantedTo(both, role)),
    ...workers.map((role) => grantedTo(more, role)),
  ].join("\n");
}

function newer(schema: string, version: number): OutboxError {
  return new OutboxError(
    "schema",
    `The schema ${schema} has version ${version}; this program knows versions up to ${SCHEMA_VERSION}. Use a newer program.`,
  );
}

/** Throws an `OutboxError` unless this program can work with the schema as it is. */
export function checkVersion(schema: string, version: number, oldestProgram: number): void {
  if (version < SCHEMA_VERSION) {
    throw new OutboxError(
      "schema",
      `The schema ${schema} has version ${version}, and this program needs ${SCHEMA_VERSION}: run \`countinghouse-outbox migrate\` as its owner first.`,
    );
  }
  if (oldestProgram > SCHEMA_VERSION) throw newer(schema, version);
}
