/** The PostgreSQL store, name by name. */
export { postgresStore, type PostgresStoreOptions } from "./stores/postgres/postgres-store.ts";
export type { PostgresClient, PostgresPool } from "./stores/postgres/connection.ts";
export { migratePostgres, migrationSql, type MigrationOptions, type Roles } from "./stores/postgres/schema/migrate.ts";
